package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// table writes rows to stdout: aligned under a header on a terminal, and
// separated by tabs without a header into a pipe, for cut and awk.
func (a *app) table(header []string, rows [][]string) error {
	if !a.terminal {
		for _, row := range rows {
			if _, err := fmt.Fprintln(a.stdout, strings.Join(printables(row), "\t")); err != nil {
				return err
			}
		}
		return nil
	}
	t := tablewriter.NewTable(a.stdout,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: "  ", Overwrite: true}),
	)
	t.Header(header)
	for _, row := range rows {
		if err := t.Append(printables(row)); err != nil {
			return err
		}
	}
	return t.Render()
}

// writeJSON writes one document to stdout.
func (a *app) writeJSON(v any) error {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// notef writes one line for people to stderr.
func (a *app) notef(format string, args ...any) {
	_, _ = fmt.Fprintln(a.stderr, printable(fmt.Sprintf(format, args...)))
}

func printables(texts []string) []string {
	clean := make([]string, len(texts))
	for i, t := range texts {
		clean[i] = printable(t)
	}
	return clean
}

// printable replaces what would move the cursor, break a column or reorder
// letters: texts come from strangers.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
}
