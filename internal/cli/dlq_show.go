package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// letterDetail is a dead letter in show --json: what list shows, and more.
type letterDetail struct {
	letterView
	Kept     string         `json:"kept"`
	EventIDs []string       `json:"event_ids"`
	History  []jobs.Attempt `json:"history"`
}

func newDLQShowCommand(a *app) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:   "show [ID]",
		Short: "Show dead letters in full, with every attempt",
		Long: "Show a dead letter, or those that a filter chooses: what it is about, every attempt (at most\n" +
			"the last 20, those before a replay too) with its time, code and reason, and what waits for a\n" +
			"replay: the member's newest facts, or nothing because a newer event has brought the member up\n" +
			"to date. E-mail addresses are shown by their hash.\n\n" +
			"In a pipe each line starts with letter or attempt. --json writes one document:\n\n" +
			`  {"dead_letters": [{… as in dlq list …, "kept", "event_ids", "history": [{"at", "code", "reason"}]}]}` + "\n\n" +
			`kept is "dead" for facts that wait for a replay, "" for none, or how a newer job of the member` + "\n" +
			`stands: "queued", "running", "slot" (it waits for its turn) or "retry".`,
		Example: "  ghostcm dlq show 5e1f0c9a7b3d2e4f6a8b9c0d\n  ghostcm dlq show --email jo@example.org",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.argument(args); err != nil {
				return err
			}
			return a.showLetters(c.Context(), o)
		},
	}
	o.flags(a, c)
	c.Flags().BoolVar(&o.asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&o.reveal, "reveal", false, "show e-mail addresses; on a terminal only")
	return c
}

func (a *app) showLetters(ctx context.Context, o listOptions) error {
	if o.empty() {
		return usageError("say which: an id, or a filter such as --site or --from")
	}
	if err := a.mayReveal(o.reveal); err != nil {
		return err
	}
	box, err := a.openLetters(ctx, &o.letterFilter)
	if err != nil {
		return err
	}
	defer box.close()
	list := newJSONList(a.stdout, "dead_letters")
	found, err := box.each(ctx, func(l jobs.DeadLetter) error {
		kept, err := box.Kept(ctx, l)
		if err != nil {
			return unanswered(ctx, err)
		}
		detail := detailLetter(l, kept, o.reveal)
		if o.asJSON {
			return list.add(detail)
		}
		return a.letterTables(detail)
	})
	switch {
	case err != nil:
		return err
	case found == 0 && (!o.asJSON || o.id != ""):
		return a.noLetters(&o.letterFilter)
	case o.asJSON:
		return list.end()
	}
	return nil
}

func detailLetter(l jobs.DeadLetter, kept store.Kept, reveal bool) letterDetail {
	d := letterDetail{letterView: viewLetter(l), Kept: kept.Waiting, EventIDs: kept.Events, History: l.History}
	if reveal {
		d.Email = kept.Email
	}
	if d.EventIDs == nil {
		d.EventIDs = []string{}
	}
	if d.History == nil {
		d.History = []jobs.Attempt{}
	}
	return d
}

func (a *app) letterTables(d letterDetail) error {
	facts := [][]string{
		{"id", dash(d.ID)}, {"site", dash(d.Site)}, {"kind", dash(d.Kind)}, {"event", dash(d.Event)}, {"member", dash(d.MemberID)},
		{"email", whose(d.letterView)}, {"received", a.moment(d.ReceivedAt)}, {"died", a.moment(d.DiedAt)},
		{"attempts", count(d.Attempts)}, {"code", dash(d.Code)}, {"reason", dash(d.Reason)}, {"kept", keptInWords(d.Kept)},
	}
	if err := a.section("letter", []string{"Dead letter", ""}, facts); err != nil {
		return err
	}
	var attempts [][]string
	for i, h := range d.History {
		attempts = append(attempts, []string{count(i + 1), a.moment(known(h.At)), dash(h.Code), h.Reason})
	}
	return a.section("attempt", []string{"Attempt", "At", "Code", "Reason"}, attempts)
}

func keptInWords(waiting string) string {
	switch waiting {
	case "":
		return "nothing waits for a replay"
	case string(store.Dead):
		return "the newest facts wait for a replay"
	}
	return "a newer job has the facts: " + waiting
}
