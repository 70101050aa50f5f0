package cmtest

import "encoding/json"

func notInList() reply { return bad(203, "Subscriber not in list or has already been removed.") }

// unsubscribe opts an address out; how far that reaches is the list's setting.
func (s *Server) unsubscribe(c *call, l *list) reply {
	var b struct{ EmailAddress str }
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("subscriber")
	}
	if !validAddress(string(b.EmailAddress)) {
		return bad(1, "Invalid Email Address")
	}
	sub := l.subscribers[s.key(string(b.EmailAddress))]
	if sub == nil || sub.state == "Deleted" {
		return notInList()
	}
	s.optOut(l, sub)
	return done()
}

// optOut unsubscribes someone from the list, or from every list of the client
// and onto its suppression list.
func (s *Server) optOut(l *list, sub *subscriber) {
	s.end(l, sub, "Unsubscribed")
	if !l.suppresses() {
		return
	}
	key := s.key(sub.email)
	s.suppressed[l.client][key] = s.now()
	for _, other := range s.lists {
		also := other.subscribers[key]
		if other.client == l.client && other != l && also != nil && (active(also.state) || also.state == "Unconfirmed") {
			s.end(other, also, "Unsubscribed")
		}
	}
}

// end takes a subscriber out of the active ones.
func (s *Server) end(l *list, sub *subscriber, state string) {
	if sub.state == state {
		return
	}
	s.move(l, sub, state)
	s.event(l, sub, "Deactivate", "")
}

// deleteSubscriber changes the status of an active subscriber, as documented;
// the other states stay, and the call succeeds all the same.
func (s *Server) deleteSubscriber(c *call, l *list) reply {
	sub := l.subscribers[s.key(c.query.Get("email"))]
	if sub == nil {
		return notInList()
	}
	if active(sub.state) || sub.state == "Unconfirmed" {
		s.end(l, sub, "Deleted")
	}
	return done()
}
