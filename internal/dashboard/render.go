package dashboard

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"unicode"

	"github.com/a-h/templ"
)

// content is what a page shows, or a part of one, inside a frame.
type content func(frame) templ.Component

// of is a template with what it shows.
func of[V any](template func(frame, V) templ.Component, view V) content {
	return func(f frame) templ.Component { return template(f, view) }
}

// frame is what every page knows.
type frame struct {
	Title   string
	Page    string // its name, for the style
	Section string // of the navigation
	Asset   map[string]string
	Form    string // token of the session's forms; "" if nobody is signed in
	Known   bool   // somebody is signed in
	Sells   bool   // a site sells access
	Stream  string // where the page's news come from; "" if it has none
	Note    *note
	Version string
}

// note is told at the top of a page: what was done, or what was wrong.
type note struct {
	Tone string // good, warn, bad
	Text string
	Link string // where to look further; "" is nowhere
	More string // the link's text
}

// render writes a page. A page that cannot be made is a bug, and the log says so.
func (d *Dashboard) render(v visit, status int, name, title string, shows content, with ...func(*frame)) {
	f := d.frame(v, name, title)
	for _, change := range with {
		change(&f)
	}
	d.write(v, status, name, layout(f, shows(f)))
}

func (d *Dashboard) frame(v visit, name, title string) frame {
	f := frame{
		Title: title, Page: name, Section: name, Asset: d.assetURLs, Version: d.Version,
		Known: v.token != "" || isBasic(v.Request), Sells: len(d.Tills.Shops()) > 0,
	}
	if v.token != "" {
		f.Form = v.token.form()
	}
	return f
}

func isBasic(r *http.Request) bool {
	_, _, ok := r.BasicAuth()
	return ok
}

func (d *Dashboard) write(v visit, status int, name string, c templ.Component) {
	body, err := written(c)
	if err != nil {
		d.Log.Error("dashboard.page_broken", slog.String("page", name), slog.String("reason", err.Error()))
		const text = "This page is broken, which is a bug in ghostcm. The log has its record: dashboard.page_broken."
		http.Error(v.w, text, http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body)
}

// written is a page as it is sent: whole, or not at all.
func written(c templ.Component) ([]byte, error) {
	var out bytes.Buffer
	err := c.Render(context.Background(), &out)
	return bytes.Map(visible, out.Bytes()), err
}

// visible leaves out what would turn the text around it, or hide.
func visible(r rune) rune {
	if r != '\n' && r != '\t' && (unicode.IsControl(r) || isTurning(r)) {
		return -1
	}
	return r
}

// part makes a part of a page, for what is sent live.
func (d *Dashboard) part(v visit, shows content) ([]byte, error) {
	return written(shows(d.frame(v, "", "")))
}

// answerPart writes a part of a page, for what the page loads later.
func (d *Dashboard) answerPart(v visit, name string, shows content) {
	d.write(v, http.StatusOK, name, shows(d.frame(v, name, "")))
}

// problem is a page that says what is wrong and what to do.
type problem struct {
	Heading, Text, Todo string
	Back                string
	Retry               string // where to go on as soon as Redis answers; "" is nowhere
	Spool               Spool  // while Redis does not
}

// kept says what becomes of webhooks while Redis does not answer.
func (p problem) kept() string {
	told := "Nothing is lost meanwhile: what came before is in Redis, and what comes now waits on this machine’s disk"
	if n := p.Spool.Deliveries; n > 0 {
		told += " (" + plural(n, "webhook", "webhooks") + " by now, the oldest for " + span(p.Spool.Oldest) + ")"
	}
	return told + " and is handed in by itself. What can be kept nowhere is not acknowledged, so that it is sent again."
}

// fail answers with what went wrong.
func (d *Dashboard) fail(v visit, err error) {
	if v.Context().Err() != nil {
		return // whoever asked has gone on to another page: it is no news of Redis
	}
	status, p := d.problem(err)
	if status == http.StatusServiceUnavailable {
		p.Retry, p.Spool = Base, d.Spool()
		if v.Method == http.MethodGet {
			p.Retry = ownPath(v.URL.RequestURI())
		}
	}
	if isPart(v.Request) {
		http.Error(v.w, p.Heading+" "+p.Text, status)
		return
	}
	d.render(v, status, "problem", p.Heading, of(problemPage, p), func(f *frame) { f.Section = "" })
}

// isPart says whether a script asked, which shows a line of text at most.
func isPart(r *http.Request) bool {
	return isBackground(r) || r.Header.Get("Sec-Fetch-Mode") == "cors" || r.Header.Get("Sec-Fetch-Dest") == "empty"
}

func (d *Dashboard) problem(err error) (int, problem) {
	var input *badInput
	switch {
	case errors.Is(err, errNotFound):
		return http.StatusNotFound, problem{
			Heading: "There is nothing here.",
			Text:    "The page, or what it was about, does not exist any more.", Todo: "Begin at the overview.", Back: Base,
		}
	case errors.Is(err, errStale):
		return http.StatusForbidden, problem{
			Heading: "This form is out of date.", Text: "It was made for another session, so nothing was done.",
			Todo: "Go back, load the page anew, and try again.", Back: Base,
		}
	case errors.Is(err, errForeign):
		return http.StatusForbidden, problem{
			Heading: "Nothing was done.", Text: "Another site asked your browser to change something here.",
			Todo: "If it was you, do it from the dashboard itself.", Back: Base,
		}
	case errors.As(err, &input):
		return http.StatusUnprocessableEntity, problem{
			Heading: "That did not work.", Text: input.text, Todo: "Go back and try again.", Back: Base,
		}
	}
	d.Log.Warn("dashboard.redis_away", slog.String("reason", d.Reason(err)))
	return http.StatusServiceUnavailable, problem{
		Heading: "Redis does not answer.", Text: "ghostcm keeps its queue and its memory there: " + d.Reason(err) + ".",
		Todo: "Start Redis, or mend REDIS_URL. This page looks every two seconds, and goes on by itself.",
	}
}
