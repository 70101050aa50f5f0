package cli

import (
	"fmt"
	"strings"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// changeView is a change in NDJSON.
type changeView struct {
	Type        string      `json:"type"` // change
	Site        string      `json:"site"`
	Kind        string      `json:"kind"`
	MemberID    string      `json:"member_id"`
	Name        string      `json:"name"`
	EmailHash   string      `json:"email_hash"`
	ToEmailHash string      `json:"to_email_hash,omitempty"` // of a change of address
	Email       string      `json:"email,omitempty"`         // with --reveal
	ToEmail     string      `json:"to_email,omitempty"`      // with --reveal
	Fields      []fieldView `json:"fields,omitempty"`
	Reason      string      `json:"reason,omitempty"`
	Handed      bool        `json:"handed"` // over to the queue
	Error       string      `json:"error,omitempty"`
}

type fieldView struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

func viewChange(site string, c reconcile.Change, reveal bool) changeView {
	v := changeView{
		Type: "change", Site: site, Kind: string(c.Kind), MemberID: c.MemberID, Name: c.Name,
		EmailHash: hashOf(c.Email), ToEmailHash: hashOf(c.ToEmail), Reason: string(c.Reason), Handed: c.Handed,
	}
	if reveal {
		v.Email, v.ToEmail = c.Email, c.ToEmail
	} else {
		v.Name = program.Discreet(c.Name)
	}
	for _, f := range c.Fields {
		if !reveal {
			f.From, f.To = program.Discreet(f.From), program.Discreet(f.To)
		}
		v.Fields = append(v.Fields, fieldView{f.Field, f.From, f.To})
	}
	if c.Err != nil {
		v.Error = c.Err.Error()
	}
	return v
}

func hashOf(email string) string {
	if email == "" {
		return ""
	}
	return member.AddressHash(email)
}

// cells are a change as the columns of a line: site, kind, who, address, details.
func (v changeView) cells() []string {
	who := v.Name
	if strings.TrimSpace(printable(who)) == "" {
		who = "member " + v.MemberID[:min(8, len(v.MemberID))]
	}
	address := v.EmailHash
	if v.Email != "" {
		address = v.Email
	}
	return printables([]string{v.Site, v.Kind, who, dash(address), dash(v.details())})
}

// details say what from what to, or why not.
func (v changeView) details() string {
	var parts []string
	if to := v.ToEmailHash; to != "" {
		if v.ToEmail != "" {
			to = v.ToEmail
		}
		parts = append(parts, "address → "+to)
	}
	for _, f := range v.Fields {
		parts = append(parts, fmt.Sprintf("%s %q → %q", f.Field, printable(f.From), printable(f.To)))
	}
	if v.Reason != "" {
		parts = append(parts, v.Reason)
	}
	if v.Error != "" {
		parts = append(parts, v.Error)
	}
	if v.Handed {
		parts = append(parts, "by the queue")
	}
	return strings.Join(parts, ", ")
}

// changeLine is a change on one line: columns for people, tabs for programs.
func (a *app) changeLine(v changeView) error {
	cells := v.cells()
	format := "%s\t%s\t%s\t%s\t%s\n"
	if a.terminal {
		format = "%s  %-14s  %-24s  %-12s  %s\n"
	}
	_, err := fmt.Fprintf(a.stdout, format, cells[0], cells[1], cells[2], cells[3], cells[4])
	return err
}
