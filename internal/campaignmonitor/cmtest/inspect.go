package cmtest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Subscriber is one person on one list, as a test sees it.
type Subscriber struct {
	Email, Name, State string
	Changed, Joined    time.Time         // of the state; of the list; now where a seed has none
	Fields             map[string]string // by key without brackets; several options joined by commas
	ConsentToTrack     string            // of the client; "" is none yet
	Automations        int               // how often the "joins the list" automations started
}

// CreateList adds a list and returns its id.
func (s *Server) CreateList(o ListOptions) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addList(o).id
}

// SetUnsubscribeSetting changes how far an unsubscribe of the list reaches.
func (s *Server) SetUnsubscribeSetting(listID, setting string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustFind(listID).unsubscribeSetting = setting
}

// AddField adds a custom field and returns its key.
func (s *Server) AddField(listID, name, dataType string, options ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, f := s.mustFind(listID), &field{name: name, dataType: dataType, options: options}
	if refused, bad := l.checkField(f, nil); bad {
		panic("cmtest: the field " + name + " is refused: " + refused.body.(refusal).Message)
	}
	l.fields = append(l.fields, f)
	l.version++
	return f.key()
}

// RemoveField takes a custom field away, as a person may; writes to it are
// dropped from now on.
func (s *Server) RemoveField(listID, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.mustFind(listID)
	s.deleteField(nil, l, l.field(key))
}

// Seed puts subscribers on a list as they are, without events or automations.
func (s *Server) Seed(listID string, subs ...Subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.mustFind(listID)
	for _, in := range subs {
		sub := s.join(l, in.Email)
		sub.name, sub.automations = in.Name, in.Automations
		if in.State != "" {
			sub.state = in.State
		}
		if !in.Changed.IsZero() {
			sub.changed = in.Changed.In(s.opts.Zone)
		}
		if !in.Joined.IsZero() {
			sub.joined = in.Joined.In(s.opts.Zone)
		}
		for key, value := range in.Fields {
			l.seedField(sub, key, value)
		}
		s.setConsent(l, in.Email, in.ConsentToTrack)
	}
}

func (l *list) seedField(sub *subscriber, key, value string) {
	f := l.field(key)
	if f == nil {
		panic("cmtest: the list has no field " + key)
	}
	sub.values[f] = []string{value}
	if f.dataType == "MultiSelectMany" {
		sub.values[f] = strings.Split(value, ",")
	}
}

// Subscriber returns one subscriber in any state; false if the address was never on the list.
func (s *Server) Subscriber(listID, email string) (Subscriber, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drainQueue()
	l := s.mustFind(listID)
	sub := l.subscribers[s.key(email)]
	if sub == nil {
		return Subscriber{}, false
	}
	return s.shown(l, sub), true
}

// Subscribers returns everybody on a list, in every state, by address.
func (s *Server) Subscribers(listID string) []Subscriber {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drainQueue()
	l := s.mustFind(listID)
	var out []Subscriber
	for _, key := range slices.Sorted(maps.Keys(l.subscribers)) {
		out = append(out, s.shown(l, l.subscribers[key]))
	}
	return out
}

func (s *Server) shown(l *list, sub *subscriber) Subscriber {
	out := Subscriber{Email: sub.email, Name: sub.name, State: sub.state, Changed: sub.changed, Joined: sub.joined,
		Fields: map[string]string{}, ConsentToTrack: s.consent[l.client][s.key(sub.email)], Automations: sub.automations}
	for _, f := range l.fields {
		if values := sub.values[f]; len(values) > 0 {
			out.Fields[f.bare()] = strings.Join(values, ",")
		}
	}
	return out
}

// SetState does what a person or a mailbox does to a subscriber: Unsubscribed
// opts out with the reach that the list's setting gives it, Active confirms an
// unconfirmed address, Bounced, Deleted and the others just happen. It reports
// whether the address is on the list.
func (s *Server) SetState(listID, email, state string) bool {
	found := s.setState(listID, email, state)
	s.deliver(nil)
	return found
}

func (s *Server) setState(listID, email, state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drainQueue()
	l := s.mustFind(listID)
	sub := l.subscribers[s.key(email)]
	switch {
	case sub == nil:
		return false
	case state == "Unsubscribed":
		s.optOut(l, sub)
	case active(state):
		confirmed := sub.state == "Unconfirmed"
		s.move(l, sub, state)
		if confirmed {
			sub.begin()
			s.event(l, sub, "Subscribe", "")
		}
	default:
		s.end(l, sub, state)
	}
	return true
}

// Suppress puts an address on the suppression list of a client.
func (s *Server) Suppress(client, email string) {
	s.mu.Lock()
	s.suppressAddress(client, email)
	s.mu.Unlock()
	s.deliver(nil)
}

// Suppressed says whether an address is on the suppression list of a client.
func (s *Server) Suppressed(client, email string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, is := s.suppressed[client][s.key(email)]
	return is
}

func (s *Server) mustFind(id string) *list {
	if l := s.find(id); l != nil {
		return l
	}
	panic("cmtest: there is no list " + id)
}
