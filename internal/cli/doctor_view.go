package cli

import (
	"fmt"
	"strings"

	"github.com/ghostcm/ghostcm/internal/doctor"
)

// doctorView is the document of doctor --json.
type doctorView struct {
	Checks []doctor.Finding `json:"checks"`
	Fixed  []doctor.Action  `json:"fixed,omitempty"`
}

func (a *app) showReport(r doctor.Report, o doctorOptions) error {
	if o.asJSON {
		return a.writeJSON(doctorView{Checks: r.Findings, Fixed: r.Actions})
	}
	a.showActions(r, o)
	if err := a.findingTable(r); err != nil {
		return err
	}
	if a.terminal {
		if err := a.remedies(r); err != nil {
			return err
		}
	}
	failed, warned := r.Count(doctor.Fail), r.Count(doctor.Warn)
	a.notef("%d of %d checks failed, %d warn.", failed, len(r.Findings), warned)
	return nil
}

// showActions says what was mended, or tried, on stderr: it is news, no result.
func (a *app) showActions(r doctor.Report, o doctorOptions) {
	for _, action := range r.Actions {
		if action.Failed == "" {
			a.notef("%s: %s.", action.Site, action.What)
		} else {
			a.notef("%s: not %s: %s.", action.Site, action.What, strings.TrimSuffix(action.Failed, "."))
		}
	}
	if o.fix && len(r.Actions) == 0 {
		a.notef("There was nothing that --fix could mend.")
	}
}

// findingTable writes one line for each check: site, check, verdict, detail, and
// into a pipe its remedy. On a terminal what is longer than a line follows below.
func (a *app) findingTable(r doctor.Report) error {
	header := []string{"Site", "Check", "Verdict", "Detail"}
	var rows [][]string
	findings := r.Findings
	if a.terminal {
		findings = folded(findings)
	}
	for _, f := range findings {
		row := []string{dash(f.Site), f.Name, verdictWord(f.Status), f.Detail}
		switch {
		case !a.terminal:
			row[2] = string(f.Status)
			row = append(row, dash(f.Remedy))
		case f.Remedy != "":
			row[3] = "see below"
		}
		rows = append(rows, row)
	}
	return a.table(header, rows)
}

// folded has those checks in one line that could not be made for one reason.
func folded(all []doctor.Finding) []doctor.Finding {
	same := map[string]int{} // by reason
	for _, f := range all {
		if notMade(f) {
			same[f.Detail]++
		}
	}
	var out []doctor.Finding
	for _, f := range all {
		n := same[f.Detail]
		switch {
		case !notMade(f) || n == 1:
			out = append(out, f)
		case n > 1:
			out = append(out, doctor.Finding{Name: fmt.Sprintf("%d checks", n), Status: f.Status, Detail: f.Detail})
			same[f.Detail] = 0
		}
	}
	return out
}

func notMade(f doctor.Finding) bool {
	return f.Remedy == "" && strings.HasPrefix(f.Detail, "not checked: ")
}

// remedies writes what is not well, with what to do, one paragraph each.
func (a *app) remedies(r doctor.Report) error {
	for _, f := range r.Findings {
		if f.Remedy == "" {
			continue
		}
		name := f.Name
		if f.Site != "" {
			name = f.Site + " " + f.Name
		}
		_, err := fmt.Fprintf(a.stdout, "\n%s %s\n  %s\n  Remedy: %s\n",
			verdictWord(f.Status), printable(name), printable(f.Detail), printable(f.Remedy))
		if err != nil {
			return err
		}
	}
	return nil
}

// verdictWord makes a failure stand out without colour.
func verdictWord(s doctor.Status) string {
	if s == doctor.Fail {
		return strings.ToUpper(string(s))
	}
	return string(s)
}
