// Package contract holds a Campaign Monitor against what is known of it: facts that
// ghostcm builds on, each of which holds or does not, and open points, which no
// public source settles. The tests ask the simulator; a person with an account asks
// the real service by the same code (make e2e-cm).
//
// It promises to touch nothing but a list that is named a test, is nobody's, and
// mails nobody; to write only addresses that it made up, under a domain that can
// have no mailbox; to make a bounded number of requests; to take away what it made,
// whatever happens; and to repeat nothing of what was asked or answered, so that a
// report has neither address nor key. It leaves to its callers where requests may go.
package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Target is a list of an account, and the way to it. The first four are required.
type Target struct {
	URL    string // with the version, without a slash at the end
	Key    string
	ListID string
	HTTP   *http.Client
	// Pace is the least time between two requests.
	Pace time.Duration
	// Patience is the first wait after an answer 429, doubled after each; 0 is 5 s.
	Patience time.Duration
	// Wait waits for d or until ctx ends; nil waits by the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Report is what was found.
type Report struct {
	Facts  []Fact
	Points []Point
	Calls  int // requests made, cleaning up included
	// Left names what could not be taken away again, "" if nothing.
	Left string
}

// Fact is something that ghostcm relies on.
type Fact struct {
	Section string // of the facts that it comes from
	Name    string
	Problem string // how the answer differs; "" if it holds
}

// Point is a question that public sources leave open.
type Point struct {
	Number   int
	Question string
	Settled  bool
	Answer   string // what was observed; why it is open still
}

// Check asks for every fact and every open point. An error says that it did not
// begin, or had to end early; what was found until then is in the report.
func Check(ctx context.Context, t Target) (r Report, err error) {
	s := newSession(t)
	if err := s.admit(ctx); err != nil {
		r.Calls = s.calls
		return r, err
	}
	defer func() {
		// Also of a run that was interrupted: what it made must go.
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
		defer cancel()
		r.Left = s.cleanUp(clean)
		r.Calls = s.calls
	}()
	if err := s.furnish(ctx); err != nil {
		return r, err
	}
	for _, f := range facts() {
		problem := s.holds(ctx, f)
		r.Facts = append(r.Facts, Fact{Section: f.section, Name: f.name, Problem: problem})
	}
	for _, p := range points() {
		answer, settled := p.observe(s, ctx)
		r.Points = append(r.Points, Point{Number: p.number, Question: p.question, Answer: answer, Settled: settled})
	}
	return r, errors.Join(ctx.Err(), s.spent())
}

// cleanWithin bounds the cleaning up.
const cleanWithin = 5 * time.Minute

// session is one run on one list.
type session struct {
	*caller
	run       string // makes names of this run its own
	list      listView
	fields    map[string]string // the keys of the fields that were made, by placeholder
	addresses int
}

func newSession(t Target) *session {
	if t.Wait == nil {
		t.Wait = wait
	}
	if t.Patience == 0 {
		t.Patience = 5 * time.Second
	}
	return &session{
		caller: &caller{Target: t}, run: strings.ToLower(rand.Text()[:8]), fields: map[string]string{},
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
