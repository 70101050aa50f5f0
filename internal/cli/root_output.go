package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	encoder := jsonTo(a.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// jsonTo is an encoder for output that people may look at as well.
func jsonTo(w io.Writer) *json.Encoder {
	encoder := json.NewEncoder(escaped{w})
	encoder.SetEscapeHTML(false)
	return encoder
}

// escaped takes whole documents of JSON, and writes what a terminal would obey
// in the spelling that means the same to programs. The encoder has done so with
// what stands before the space.
type escaped struct{ io.Writer }

// Write implements io.Writer.
func (e escaped) Write(p []byte) (int, error) {
	obeyed := func(r rune) bool { return r > ' ' && unprintable(r) }
	if bytes.IndexFunc(p, obeyed) < 0 {
		return e.Writer.Write(p)
	}
	var b bytes.Buffer
	for _, r := range string(p) {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	if _, err := e.Writer.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
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
		if unprintable(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
}

func unprintable(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
