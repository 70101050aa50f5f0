package cmtest

import (
	"slices"
	"time"
)

// Request is one request as the server saw it. Only Emails identifies people.
type Request struct {
	Op     string // as the client calls it: subscriber_update, subscribers_import …; "unknown"
	Write  bool   // whether it writes subscribers
	List   string
	Emails []string // the addresses a write touches, or a read asks for
	At     time.Time
	Until  time.Time // when the work on it ended; zero while it runs
	Status int       // 0 while it runs, and where the client got no answer
	Code   int
}

// Violation is something that a good client never does but the API lets pass,
// or drops without a word.
type Violation struct {
	Kind  string // value-too-long, control-character, unknown-field, date-ignored …
	Op    string
	Field string
}

// Reactivation is an inactive subscriber that the API made active.
type Reactivation struct {
	List, Email string
	From        string // the state before
	Suppressed  bool   // the address was, and still is, on the suppression list
}

type record struct {
	requests      []Request
	violations    []Violation
	reactivations []Reactivation
	flying        map[string]int
	maxFlying     int
}

func newRecord() record { return record{flying: map[string]int{}} }

func (s *Server) violate(op, kind, field string) {
	s.record.violations = append(s.record.violations, Violation{Kind: kind, Op: op, Field: field})
}

// enter notes a request that arrives and, of a write, which subscribers it holds.
func (s *Server) enter(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.entry = len(s.record.requests)
	s.record.requests = append(s.record.requests, Request{
		Op: c.op, Write: writes(c.op), List: c.list(), Emails: c.emails, At: s.opts.Now(),
	})
	for _, key := range s.held(c) {
		s.record.flying[key]++
		s.record.maxFlying = max(s.record.maxFlying, s.record.flying[key])
	}
}

func (s *Server) leave(c *call, status, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.record.requests[c.entry]
	r.Status, r.Code, r.Until = status, code, s.opts.Now()
	for _, key := range s.held(c) {
		if s.record.flying[key]--; s.record.flying[key] == 0 {
			delete(s.record.flying, key)
		}
	}
}

// held returns each subscriber of a write once.
func (s *Server) held(c *call) []string {
	if !writes(c.op) {
		return nil
	}
	var keys []string
	for _, email := range c.emails {
		keys = append(keys, c.list()+" "+s.key(email))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Requests returns what was asked so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.record.requests)
}

// WriteCount is how many requests to write subscribers arrived, refused and
// failed ones included.
func (s *Server) WriteCount() int {
	n := 0
	for _, r := range s.Requests() {
		if r.Write {
			n++
		}
	}
	return n
}

// MaxConcurrentPerSubscriber is the largest number of writes that were ever in
// flight at once for one address of one list; an address change holds both.
func (s *Server) MaxConcurrentPerSubscriber() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.maxFlying
}

// Violations returns what a good client would not have done.
func (s *Server) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.record.violations)
}

// Reactivations returns who was made active again by a request.
func (s *Server) Reactivations() []Reactivation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.record.reactivations)
}
