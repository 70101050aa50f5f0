package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/program"
)

func newWorkerCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "worker",
		Short: "Do the work that webhooks ask for",
		Long: "Take jobs from the queue in Redis and bring Campaign Monitor up to date.\n\n" +
			"Any number of workers, on any number of machines, share one queue. A worker waits for a Redis\n" +
			"that is away. On SIGTERM or Ctrl-C it ends what it is doing and starts nothing more; what a\n" +
			"killed worker left is done by the others. Logs go to stderr.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.worker(c.Context()) },
	}
}

func (a *app) worker(ctx context.Context) error {
	p, err := a.begin()
	if err != nil {
		return err
	}
	return p.run(ctx, "", func(opened *program.Program) error { return opened.Work(ctx) })
}
