package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/program"
)

type statusOptions struct {
	workers, watch, asJSON bool
}

func newStatusCommand(a *app) *cobra.Command {
	var o statusOptions
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the queue, the workers and the sites at a glance",
		Long: "Show what waits in the queue, which workers live, and whether each site's jobs may pass: a site\n" +
			"is open, or its breaker has opened because Ghost or Campaign Monitor does not answer, or it is\n" +
			"paused until somebody mends its configuration. Caught up is when a worker last held the site's\n" +
			"members against those of the census before, and Next when it will again.\n\n" +
			"--json writes one document; with --watch, one on a line every two seconds:\n\n" + statusShape,
		Example: "  ghostcm status --workers\n  ghostcm status --json | jq .queue.depth",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.status(c.Context(), o) },
	}
	flags := c.Flags()
	flags.BoolVar(&o.workers, "workers", false, "also list the worker processes")
	flags.BoolVar(&o.watch, "watch", false, "show it again every two seconds, until Ctrl-C")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON")
	return c
}

const statusShape = `  {
    "queue": {
      "depth": 0,            jobs that wait for a worker
      "oldest_seconds": 0,   how long the next of them has waited
      "running": 0,
      "retrying": 0,         jobs that wait for a time: a retry, or the rate limit
      "dead_letters": 0      jobs that failed for good
    },
    "waiting_members": 0,    members whose events are not applied yet
    "workers": [{"id", "host", "pid", "concurrency", "running", "started_at", "heartbeat_at"}],
    "sites": [{"name", "gate", "reason", "since",   gate: open, breaker or paused
      "catch_up": {"last", "ok", "full", "found", "reason", "last_full", "next", "running"}}]
  }`

func (a *app) status(ctx context.Context, o statusOptions) error {
	if o.watch && !a.terminal && !o.asJSON {
		return usageError("--watch needs a terminal; use --watch --json to read it from a program")
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	read := func(ctx context.Context) (statusView, error) { return a.readStatus(ctx, opened) }
	if o.watch {
		return a.watchStatus(ctx, o, read)
	}
	view, err := read(ctx)
	if err != nil {
		return err
	}
	if o.asJSON {
		return a.writeJSON(view)
	}
	return a.statusTables(view, o.workers)
}

func (a *app) readStatus(ctx context.Context, opened *program.Program) (statusView, error) {
	asking, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	seen, err := opened.Overview(asking)
	if err != nil {
		return statusView{}, unanswered(ctx, err)
	}
	return viewStatus(seen), nil
}

// statusTables writes three tables: under each other on a terminal, and into a
// pipe with the name of its table at the start of each line.
func (a *app) statusTables(v statusView, workers bool) error {
	queue := []string{
		count(v.Queue.Depth), ago(v.Queue.OldestSeconds), count(v.Queue.Running), count(v.Queue.Retrying),
		count(v.Queue.Dead), count(v.Waiting), count(len(v.Workers)),
	}
	header := []string{"Queued", "Oldest", "Running", "Retrying", "Dead letters", "Members waiting", "Workers"}
	if err := a.section("queue", header, [][]string{queue}); err != nil {
		return err
	}
	if err := a.section("site", []string{"Site", "Gate", "Since", "Reason", "Caught up", "Next"}, v.siteRows(a.now())); err != nil {
		return err
	}
	if rows := v.catchUpRows(); len(rows) > 0 {
		if err := a.section("catch-up", []string{"Site", "Catch-up"}, rows); err != nil {
			return err
		}
	}
	if !workers {
		return nil
	}
	return a.section("worker", []string{"Host", "PID", "Running", "Concurrency", "Up for"}, v.workerRows(a.now()))
}

func (v statusView) siteRows(now time.Time) (rows [][]string) {
	for _, s := range v.Sites {
		since := "-"
		if s.Since != nil {
			since = ago(now.Sub(*s.Since).Seconds()) + " ago"
		}
		rows = append(rows, []string{s.Name, s.Gate, since, dash(s.Reason), s.CatchUp.last(now), s.CatchUp.next(now)})
	}
	return rows
}

func (v statusView) workerRows(now time.Time) (rows [][]string) {
	for _, w := range v.Workers {
		up := ago(now.Sub(w.StartedAt).Seconds())
		rows = append(rows, []string{w.Host, count(w.PID), count(w.Running), count(w.Concurrency), up})
	}
	return rows
}
