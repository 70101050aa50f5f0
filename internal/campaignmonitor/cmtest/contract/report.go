package contract

import (
	"fmt"
	"io"
)

// Write writes the report for people. It has neither an address nor a key.
func (r Report) Write(w io.Writer) error {
	broken := 0
	lines := []string{"Facts"}
	for _, f := range r.Facts {
		if f.Problem == "" {
			lines = append(lines, fmt.Sprintf("  holds    §%-4s %s", f.Section, f.Name))
			continue
		}
		broken++
		lines = append(lines, fmt.Sprintf("  DIFFERS  §%-4s %s\n                 %s", f.Section, f.Name, f.Problem))
	}
	lines = append(lines, "Open points")
	for _, p := range r.Points {
		verdict := "still open"
		if p.Settled {
			verdict = "settled"
		}
		lines = append(lines, fmt.Sprintf("  %2d. %s\n      %s: %s", p.Number, p.Question, verdict, p.Answer))
	}
	lines = append(lines, fmt.Sprintf("%d facts, of which %d differ; %d requests", len(r.Facts), broken, r.Calls))
	if r.Left != "" {
		lines = append(lines, "Could not be taken away again: "+r.Left+". All of it begins with ghostcm-contract or Ghostcm.")
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
