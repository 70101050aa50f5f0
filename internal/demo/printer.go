package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// printer writes lines to people, from any goroutine, and one line of progress
// that is drawn over.
type printer struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	color    bool
	drawn    bool // a line of progress is on the screen
}

// tone is how a line looks where there are colours.
type tone string

const (
	plain  tone = ""
	dim    tone = "\x1b[2m"
	strong tone = "\x1b[1m"
	good   tone = "\x1b[32m"
	bad    tone = "\x1b[31m"
	amber  tone = "\x1b[33m"
)

func newPrinter(w io.Writer, terminal, color bool) *printer {
	return &printer{w: w, terminal: terminal, color: terminal && color}
}

// paint colours a text.
func (p *printer) paint(t tone, s string) string {
	if !p.color || t == plain {
		return s
	}
	return string(t) + s + "\x1b[0m"
}

func (p *printer) write(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		s = "\r\x1b[K" + s
		p.drawn = false
	}
	_, _ = io.WriteString(p.w, s+"\n") // a reader who left has seen enough
}

func (p *printer) title(s string)     { p.write(p.paint(strong, s)) }
func (p *printer) blank()             { p.write("") }
func (p *printer) fact(key, s string) { p.write("  " + p.paint(dim, pad(key, 18)) + s) }

// line writes what happened, with the time.
func (p *printer) line(t tone, s string) {
	p.write(p.paint(dim, time.Now().Format("15:04:05.000")) + "  " + p.paint(t, s))
}

// event writes what happened to a person on one side, and what became of it on
// the other.
func (p *printer) event(e told) {
	outcome := p.paint(e.tone, pad(e.outcome, 36))
	p.line(plain, pad(e.site, 9)+pad(e.who+" "+e.what, 52)+" → "+outcome+p.paint(dim, fmt.Sprintf("%6d ms", e.took.Milliseconds())))
}

// told is one line of the story.
type told struct {
	site, who, what, outcome string
	tone                     tone
	took                     time.Duration
}

// progress draws how far something is, on a terminal only.
func (p *printer) progress(what string, done, of int) {
	if !p.terminal {
		return
	}
	const wide = 40
	done = max(0, min(done, of))
	bar := strings.Repeat("█", done*wide/of) + strings.Repeat("·", wide-done*wide/of)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drawn = true
	fmt.Fprintf(p.w, "\r%s %s %d/%d\x1b[K", what, bar, done, of)
}

func (p *printer) endProgress() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// table writes rows under a header.
func (p *printer) table(rows [][]string) {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // into memory
	p.write(strings.TrimSuffix(b.String(), "\n"))
}

// pad fills a text with spaces up to a number of columns.
func pad(s string, to int) string {
	columns := 0
	for _, r := range s {
		columns += columnsOf(r)
	}
	return s + strings.Repeat(" ", max(1, to-columns))
}

func columnsOf(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
		return 2
	}
	return 1
}
