package dashboard

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileTexts are what strangers may write wherever a page shows their words.
func hostileTexts() []string {
	return []string{
		`"><script>alert(1)</script>'` + "\u202eback\u202c\x00\n" + `{{.Form}}`,
		`' onmouseover='alert(1)`, `" autofocus onfocus="alert(1)" x="`, "x onclick=alert(1)", "`onfocus=alert(1)`",
		"javascript:alert(1)", " java\tscript:alert(1)", "java\x00script:alert(1)", "JaVaScRiPt&colon;alert(1)", "vbscript:x", "data:text/html,<script>alert(1)</script>",
		"</title></textarea></select><img src=x onerror=alert(1)>", "<!--", "--><svg/onload=alert(1)>", "&lt;script&gt;",
	}
}

// A page has the same elements and attributes whatever is written on it, leads
// nowhere but where it should, and turns no text around.
func TestEveryPageShowsTextAsText(t *testing.T) {
	t.Parallel()
	now := time.Now()
	harmless := outlines(t, now, "~")
	for _, text := range hostileTexts() {
		for name, got := range outlines(t, now, text) {
			if want := harmless[name]; !slices.Equal(got.tags, want.tags) {
				t.Errorf("%q changes %s: %s", text, name, firstOther(got.tags, want.tags))
			}
			if at := slices.IndexFunc(got.links, leadsAway); at >= 0 {
				t.Errorf("%q on %s leads to %q", text, name, got.links[at])
			}
			if strings.Contains(got.html, "\u202e") || strings.Contains(got.html, "%!") {
				t.Errorf("%q is turned or formatted on %s", text, name)
			}
		}
	}
}

// FuzzEveryPage wants that no text makes an element or an attribute.
func FuzzEveryPage(f *testing.F) {
	for i, text := range hostileTexts() {
		f.Add(text, uint(i))
	}
	now := time.Now()
	harmless := outlines(f, now, "~")
	names := slices.Sorted(maps.Keys(harmless))
	f.Fuzz(func(t *testing.T, text string, page uint) {
		// What XML may not hold ends the reading of the page, here only. And some words
		// of the program's own have pages look otherwise.
		text = "~" + strings.NewReplacer("\ufffe", "", "\uffff", "").Replace(strings.ToValidUTF8(text, ""))
		name := names[page%uint(len(names))]
		d := &Dashboard{Options: Options{Tills: someTills{name: text}}}
		got, want := outlineOf(t, d, name, everyView(d, now, text)[name], text), harmless[name]
		if !slices.Equal(got.tags, want.tags) {
			t.Fatalf("%q changes %s: %s", text, name, firstOther(got.tags, want.tags))
		}
	})
}

// outline is what a browser makes of a page.
type outline struct {
	html  string
	tags  []string // elements as they begin and end, with the names of their attributes
	links []string // where it leads, and what it loads
}

func outlines(t testing.TB, now time.Time, text string) map[string]outline {
	t.Helper()
	d := New(Options{Examiner: nobody{}, Tills: someTills{name: text}, Version: text})
	all := map[string]outline{}
	for name, shows := range everyView(d, now, text) {
		all[name] = outlineOf(t, d, name, shows, text)
	}
	return all
}

func outlineOf(t testing.TB, d *Dashboard, name string, shows content, text string) outline {
	t.Helper()
	v := visit{Request: httptest.NewRequest(http.MethodGet, Base, nil), token: newToken()}
	f := d.frame(v, name, text)
	f.Note = &note{Tone: text, Text: text, Link: text, More: text}
	f.Stream = text
	html, err := written(shows(f))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return readOutline(t, name, html)
}

func readOutline(t testing.TB, name string, html []byte) outline {
	t.Helper()
	o := outline{html: string(html)}
	page := xml.NewDecoder(bytes.NewReader(html))
	page.Strict, page.Entity = false, xml.HTMLEntity
	for {
		token, err := page.RawToken()
		if errors.Is(err, io.EOF) {
			return o
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, html)
		}
		switch token := token.(type) {
		case xml.StartElement:
			tag := "<" + token.Name.Local
			for _, a := range token.Attr {
				tag += " " + a.Name.Local
				if slices.Contains([]string{"href", "src", "action", "formaction"}, a.Name.Local) {
					o.links = append(o.links, a.Value)
				}
			}
			o.tags = append(o.tags, tag+">")
		case xml.EndElement:
			o.tags = append(o.tags, "</"+token.Name.Local+">")
		case xml.Comment, xml.ProcInst:
			o.tags = append(o.tags, "a comment")
		}
	}
}

// leadsAway says whether a link has a scheme, as a browser reads it, which leaves
// out what cannot be seen.
func leadsAway(link string) bool {
	link = strings.TrimSpace(strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(link))
	scheme, _, found := strings.Cut(link, ":")
	return found && !strings.ContainsAny(scheme, "/?#") && scheme != "about"
}

func firstOther(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return got[i] + " instead of " + want[i]
		}
	}
	return "its end"
}

// someTills is a shop whose owner chose the names.
type someTills struct {
	Tills
	name string
}

func (s someTills) Shops() []Shop { return []Shop{{Site: s.name, Providers: []string{s.name}}} }

// nobody examines nothing.
type nobody struct{ Examiner }
