package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

type listOptions struct {
	letterFilter
	asJSON, reveal bool
}

func newDLQListCommand(a *app) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:   "list [ID]",
		Short: "List dead letters, the longest dead first",
		Long: "List dead letters, the longest dead first. E-mail addresses are shown by their hash; --email\n" +
			"finds the letters of one. Without a filter all are listed, however many.\n\n" +
			"--json writes one document:\n\n" +
			`  {"dead_letters": [{"id", "site", "kind", "event", "member_id", "email_hash", "attempts",` + "\n" +
			`    "reason", "code", "received_at", "died_at"}]}`,
		Example: "  ghostcm dlq list --site blog --from 24h\n  ghostcm dlq list --from 2026-11-01 --to 2026-11-07 --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.argument(args); err != nil {
				return err
			}
			return a.listLetters(c.Context(), o)
		},
	}
	o.flags(a, c)
	c.Flags().BoolVar(&o.asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&o.reveal, "reveal", false, "show e-mail addresses; on a terminal only")
	return c
}

func (a *app) listLetters(ctx context.Context, o listOptions) error {
	if err := a.mayReveal(o.reveal); err != nil {
		return err
	}
	box, err := a.openLetters(ctx, &o.letterFilter)
	if err != nil {
		return err
	}
	defer box.close()
	sheet := a.letterSheet(o.asJSON)
	found, err := box.each(ctx, func(l jobs.DeadLetter) error {
		view := viewLetter(l)
		if o.reveal {
			kept, err := box.Kept(ctx, l)
			if err != nil {
				return unanswered(ctx, err)
			}
			view.Email = kept.Email
		}
		return sheet.add(view)
	})
	if err != nil {
		return err
	}
	if found == 0 && (!o.asJSON || o.id != "") {
		return a.noLetters(&o.letterFilter)
	}
	return sheet.end()
}

// sheet is where letters are written, one after another.
type sheet struct {
	add func(letterView) error
	end func() error
}

func (a *app) letterSheet(asJSON bool) sheet {
	if asJSON {
		list := newJSONList(a.stdout, "dead_letters")
		return sheet{add: func(v letterView) error { return list.add(v) }, end: list.end}
	}
	page := &letterPage{app: a}
	return sheet{add: page.add, end: page.end}
}

// letterPage draws a table for so many letters at a time: a table has to know all
// its rows, and there may be too many to hold.
type letterPage struct {
	*app
	rows [][]string
}

const rowsAtOnce = 500

func (p *letterPage) add(v letterView) error {
	p.rows = append(p.rows, []string{
		dash(v.ID), dash(v.Site), dash(v.Event), dash(v.MemberID), whose(v), count(v.Attempts), p.moment(v.DiedAt), dash(v.Code), v.Reason,
	})
	if len(p.rows) < rowsAtOnce {
		return nil
	}
	return p.end()
}

func (p *letterPage) end() error {
	if len(p.rows) == 0 {
		return nil
	}
	rows := p.rows
	p.rows = nil
	return p.table([]string{"ID", "Site", "Event", "Member", "Email hash", "Attempts", "Died", "Code", "Reason"}, rows)
}

// whose is the address if it is revealed, else its hash.
func whose(v letterView) string {
	if v.Email != "" {
		return v.Email
	}
	return dash(v.EmailHash)
}
