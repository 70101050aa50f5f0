package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// byCommand is how the activity names what a person did with a command.
const byCommand = "cli"

type eventsOptions struct {
	since, outcome, email, id string
	limit                     int
	follow, asJSON            bool
}

func newEventsCommand(a *app) *cobra.Command {
	var o eventsOptions
	c := &cobra.Command{
		Use:   "events [SITE]",
		Short: "Show what became of events, syncs and operators' doings",
		Long: "Show what became of each event of the last days (ACTIVITY_RETENTION), of full syncs, of sites whose\n" +
			"gate closed, and of what operators did: the newest at the end. E-mail addresses are shown by their\n" +
			"hash; --email finds those of one. With --follow it goes on with what comes, until Ctrl-C, also over a\n" +
			"restart of Redis.\n\n" +
			"--outcome takes one outcome, such as created, unchanged, retried, dead or waiting; or written, for\n" +
			"all that changed a subscriber, or failed, for retried and dead.\n\n" +
			"--json writes one document on each line:\n\n" + eventShape,
		Example: "  ghostcm events --follow\n  ghostcm events mainblog --since 24h --outcome failed\n" +
			"  ghostcm events --email jo@example.org --limit 0 --json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeSite,
		RunE:              func(c *cobra.Command, args []string) error { return a.events(c.Context(), o, args) },
	}
	flags := c.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on with what comes, until Ctrl-C")
	flags.StringVar(&o.since, "since", "", "from this `time` on: a date, RFC 3339, or how long ago (24h, 7d)")
	flags.StringVar(&o.outcome, "outcome", "", "with this `outcome`")
	flags.StringVar(&o.email, "email", "", "of the member with this `address`")
	flags.StringVar(&o.id, "id", "", "of the member with this `id` in Ghost")
	flags.IntVar(&o.limit, "limit", 50, "the newest so `many`; 0 is all")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON, one document on a line")
	completes(c, "outcome", program.OutcomeChoices()...)
	return c
}

const eventShape = `  {"id", "at", "site", "event", "member_id", "email_hash", "outcome", "code", "attempt",
   "took_ms", "lag_ms", "job_id", "event_ids", "who", "counts"}`

// query turns what was typed into what the program understands. Its errors are
// usage errors.
func (o eventsOptions) query(cfg *config.Config, now time.Time, args []string) (program.ActivityQuery, error) {
	q := program.ActivityQuery{Limit: o.limit, Outcomes: program.OutcomesOf(o.outcome)}
	var err error
	if q.Since, err = moment("since", o.since, now, false); err != nil {
		return q, err
	}
	switch {
	case o.limit < 0:
		return q, usageError("--limit is how many; it cannot be less than 0")
	case o.email != "" && o.id != "":
		return q, usageError("one member at a time: give --email or --id")
	case o.email != "":
		q.Whose = []string{member.AddressHash(o.email)}
	case o.id != "":
		q.Whose = []string{strings.ToLower(o.id)}
	}
	if len(args) > 0 {
		site, err := siteNamed(cfg, args[0])
		if err != nil {
			return q, err
		}
		q.Sites = []string{site}
	}
	return q, nil
}

func (a *app) events(ctx context.Context, o eventsOptions, args []string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	q, err := o.query(cfg, a.now(), args)
	if err != nil {
		return err
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	asking, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	found, ends, err := opened.Activity(asking, q)
	if err != nil {
		return unanswered(ctx, err)
	}
	page := eventPage{app: a, asJSON: o.asJSON}
	if err := page.show(found); err != nil || !o.follow {
		if err == nil && len(found) == 0 {
			a.notef("No events%s.", map[bool]string{true: " match"}[o.narrow(args)])
		}
		return err
	}
	return a.followEvents(ctx, opened, q, ends, page)
}

func (o eventsOptions) narrow(args []string) bool {
	return len(args) > 0 || o.since+o.outcome+o.email+o.id != ""
}

// followEvents goes on until ctx ends, which is what a person who presses Ctrl-C
// wants, and so no failure.
func (a *app) followEvents(ctx context.Context, opened *program.Program, q program.ActivityQuery, ends store.Ends, page eventPage) error {
	for event, err := range opened.Follow(ctx, q, ends) {
		if err != nil {
			a.notef("ghostcm: %s; waiting for it", unanswered(ctx, err))
			continue
		}
		if err := page.line(event); err != nil {
			return err // nobody reads any more
		}
	}
	return nil
}

// noteDoings writes to the activity what the command did with dead letters.
func (a *app) noteDoings(ctx context.Context, box *letterBox, d *worker.Doings) {
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	if err := box.Note(writing, d); err != nil {
		a.notef("ghostcm: %s", fmt.Errorf("what was done is not in 'ghostcm events': %w", err))
	}
}
