package cli

import (
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// catchUpView is how a site's scheduled catch-up stands; there is none before the
// first. Times are null where there was none.
type catchUpView struct {
	Last     *time.Time     `json:"last"`
	OK       bool           `json:"ok"`
	Full     bool           `json:"full"`
	Found    map[string]int `json:"found"`
	Reason   string         `json:"reason"`
	LastFull *time.Time     `json:"last_full"`
	Next     *time.Time     `json:"next"`
	Running  bool           `json:"running"`
}

func viewCatchUp(c store.CatchUp) *catchUpView {
	if c.Last.IsZero() && c.Who == "" {
		return nil
	}
	v := &catchUpView{
		Last: when(c.Last), OK: c.OK, Full: c.Full, Found: c.Found, Reason: c.Reason,
		LastFull: when(c.LastFull), Next: when(c.Next), Running: c.Who != "",
	}
	if v.Found == nil {
		v.Found = map[string]int{}
	}
	return v
}

// when is null for no time.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// last and next are a row's two cells of the catch-up.
func (v *catchUpView) last(now time.Time) string {
	switch {
	case v == nil || v.Last == nil:
		return "-"
	case !v.OK:
		return "failed " + ago(now.Sub(*v.Last).Seconds()) + " ago"
	}
	return ago(now.Sub(*v.Last).Seconds()) + " ago"
}

func (v *catchUpView) next(now time.Time) string {
	switch {
	case v == nil:
		return "-"
	case v.Running:
		return "running"
	case v.Next == nil || !v.Next.After(now):
		return "now"
	}
	return "in " + ago(v.Next.Sub(now).Seconds())
}

// catchUpRows are the sites whose last catch-up needs a person to look.
func (v statusView) catchUpRows() (rows [][]string) {
	for _, s := range v.Sites {
		if s.CatchUp != nil && s.CatchUp.Reason != "" {
			rows = append(rows, []string{s.Name, s.CatchUp.Reason})
		}
	}
	return rows
}
