package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

// letterView is a dead letter in --json. A time is null where the letter was
// unreadable.
type letterView struct {
	ID         string     `json:"id"`
	Site       string     `json:"site"`
	Kind       string     `json:"kind"`
	Event      string     `json:"event"`
	MemberID   string     `json:"member_id"`
	EmailHash  string     `json:"email_hash"`
	Attempts   int        `json:"attempts"`
	Reason     string     `json:"reason"`
	Code       string     `json:"code"`
	ReceivedAt *time.Time `json:"received_at"`
	DiedAt     *time.Time `json:"died_at"`
}

func viewLetter(l jobs.DeadLetter) letterView {
	return letterView{
		ID: l.ID, Site: l.Site, Kind: l.Kind, Event: l.Event, MemberID: l.Key, EmailHash: l.EmailHash,
		Attempts: l.Attempts, Reason: l.Reason, Code: l.Code, ReceivedAt: known(l.ReceivedAt), DiedAt: known(l.DiedAt),
	}
}

func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

func newDLQListCommand(a *app) *cobra.Command {
	var f letterFilter
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, the longest dead first",
		Long: "List dead letters, the longest dead first. E-mail addresses are shown by their hash; --email\n" +
			"finds the letters of one.\n\n" +
			"--json writes one document:\n\n" +
			`  {"dead_letters": [{"id", "site", "kind", "event", "member_id", "email_hash", "attempts",` + "\n" +
			`    "reason", "code", "received_at", "died_at"}]}`,
		Example: "  ghostcm dlq list --site blog --from 24h\n  ghostcm dlq list --from 2026-11-01 --to 2026-11-07 --json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.listLetters(c.Context(), &f, asJSON) },
	}
	f.flags(a, c)
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func (a *app) listLetters(ctx context.Context, f *letterFilter, asJSON bool) error {
	views := []letterView{} // whole letters, with their histories, may be too many to hold
	err := a.eachLetter(ctx, f, func(_ *jobs.Queue, l jobs.DeadLetter) error {
		views = append(views, viewLetter(l))
		return nil
	})
	switch {
	case err != nil:
		return err
	case asJSON:
		return a.writeJSON(map[string]any{"dead_letters": views})
	case len(views) == 0:
		a.notef("No dead letters.")
		return nil
	}
	return a.letterTable(views)
}

func (a *app) letterTable(views []letterView) error {
	rows := make([][]string, len(views))
	for i, v := range views {
		died := "-"
		if v.DiedAt != nil {
			died = v.DiedAt.In(a.now().Location()).Format(time.DateTime)
		}
		rows[i] = []string{
			dash(v.ID), dash(v.Site), dash(v.Event), dash(v.MemberID), dash(v.EmailHash), count(v.Attempts), died, dash(v.Code), v.Reason,
		}
	}
	return a.table([]string{"ID", "Site", "Event", "Member", "Email hash", "Attempts", "Died", "Code", "Reason"}, rows)
}
