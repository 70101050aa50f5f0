package cli

import "github.com/spf13/cobra"

func newDLQCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "dlq",
		Short: "Look at the dead letters: the jobs that failed for good",
		Long: "A job that failed more often than RETRY_SCHEDULE is long, or that no retry can mend, becomes a\n" +
			"dead letter. It keeps its reason and the member's newest facts, and delays nothing.",
	}
	c.AddCommand(newDLQListCommand(a))
	return c
}
