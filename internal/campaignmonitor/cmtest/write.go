package cmtest

import (
	"encoding/json"
	"net/http"
	"time"
)

// maxImport is how many subscribers an import may carry.
const maxImport = 1000

// queued is a single add on its way through the vendor's queue.
type queued struct {
	due   time.Time
	apply func()
}

// drainQueue applies the adds that are due.
func (s *Server) drainQueue() {
	for len(s.queue) > 0 && !s.opts.Now().Before(s.queue[0].due) {
		first := s.queue[0]
		s.queue = s.queue[1:]
		first.apply()
	}
}

// addSubscriber takes a single add; it is checked now and applied after AddDelay.
func (s *Server) addSubscriber(c *call, l *list) reply {
	var b writeBody
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("subscriber")
	}
	if code, message := checkWrite(b, 1); code != 0 {
		return bad(code, message)
	}
	email := string(b.EmailAddress)
	if !b.Resubscribe {
		if code, message := s.checkState(l, email); code != 0 {
			return bad(code, message)
		}
	}
	if s.writtenTooOften(l, email) {
		return refuse(http.StatusTooManyRequests, 429, tooOften)
	}
	flags := writeFlags{resubscribe: bool(b.Resubscribe), automations: true, restart: bool(b.RestartSubscriptionBasedAutoresponders)}
	s.queue = append(s.queue, queued{s.opts.Now().Add(s.opts.AddDelay), func() { s.put(c, l, b, flags) }})
	s.drainQueue()
	return created(email)
}

// updateSubscriber changes the subscriber with the address of the query, in
// whatever state it is, and its address to that of the body.
func (s *Server) updateSubscriber(c *call, l *list) reply {
	var b writeBody
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("subscriber")
	}
	current, to := c.query.Get("email"), string(b.EmailAddress)
	sub := l.subscribers[s.key(current)]
	if sub == nil {
		return notInList()
	}
	if code, message := checkWrite(b, 211); code != 0 {
		return bad(code, message)
	}
	if s.key(to) != s.key(current) && l.subscribers[s.key(to)] != nil {
		return bad(201, "Already subscribed")
	}
	if s.writtenTooOften(l, current) {
		return refuse(http.StatusTooManyRequests, 429, tooOften)
	}
	old := sub.email
	s.readdress(l, sub, to)
	if b.Resubscribe {
		s.reactivate(l, sub, bool(b.RestartSubscriptionBasedAutoresponders))
	}
	s.overwrite(c, l, sub, b)
	s.event(l, sub, "Update", old)
	return done()
}

// readdress gives a subscriber another address; the limit on its writes follows.
func (s *Server) readdress(l *list, sub *subscriber, to string) {
	from, key := s.key(sub.email), s.key(to)
	sub.email = to
	if from == key {
		return
	}
	delete(l.subscribers, from)
	l.subscribers[key] = sub
	s.writeTimes[l.id+" "+key] = s.writeTimes[l.id+" "+from]
}

// importSubscribers writes what it can and reports the rest.
func (s *Server) importSubscribers(c *call, l *list) reply {
	var b importBody
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("subscribers")
	}
	switch {
	case len(b.Subscribers) == 0:
		return bad(212, "No subscribers in batch")
	case len(b.Subscribers) > maxImport:
		return bad(209, "The maximum number of subscribers per batch is 1000")
	case len(b.Subscribers) == 1 && s.writtenTooOften(l, string(b.Subscribers[0].EmailAddress)):
		return refuse(http.StatusTooManyRequests, 429, tooOften)
	}
	result := s.importAll(c, l, b)
	if len(result.FailureDetails) > 0 {
		said := refusal{Code: 210, Message: "Subscriber Import had some failures", ResultData: result}
		return reply{status: http.StatusBadRequest, body: said}
	}
	return created(result)
}

type importResult struct {
	TotalUniqueEmailsSubmitted  int
	TotalExistingSubscribers    int
	TotalNewSubscribers         int
	DuplicateEmailsInSubmission []string
	FailureDetails              []importFailure
}

type importFailure struct {
	EmailAddress string
	Code         int
	Message      string
}

func (s *Server) importAll(c *call, l *list, b importBody) importResult {
	r := importResult{DuplicateEmailsInSubmission: []string{}, FailureDetails: []importFailure{}}
	flags := writeFlags{
		resubscribe: bool(b.Resubscribe),
		automations: bool(b.QueueSubscriptionBasedAutoResponders),
		restart:     bool(b.RestartSubscriptionBasedAutoresponders),
	}
	seen := map[string]bool{}
	for _, w := range b.Subscribers {
		email := string(w.EmailAddress)
		if seen[s.key(email)] {
			s.violate(c.op, "duplicate-in-import", "")
			r.DuplicateEmailsInSubmission = append(r.DuplicateEmailsInSubmission, email)
			continue
		}
		seen[s.key(email)] = true
		r.TotalUniqueEmailsSubmitted++
		fresh, code, message := s.importOne(c, l, w, flags, len(b.Subscribers) > 1)
		switch {
		case code != 0:
			r.FailureDetails = append(r.FailureDetails, importFailure{email, code, message})
		case fresh:
			r.TotalNewSubscribers++
		default:
			r.TotalExistingSubscribers++
		}
	}
	return r
}

// importOne writes one subscriber; in a batch the limit on repeated writes
// refuses it alone.
func (s *Server) importOne(c *call, l *list, w writeBody, flags writeFlags, inBatch bool) (fresh bool, code int, message string) {
	if inBatch && s.writtenTooOften(l, string(w.EmailAddress)) {
		return false, 429, tooOften
	}
	return s.put(c, l, w, flags)
}
