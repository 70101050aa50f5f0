package cmtest

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// clients are those that the key reaches; in an account of the simulator, all.
func (s *Server) clients(*call) reply {
	out := []map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(s.suppressed)) {
		out = append(out, map[string]string{"ClientID": id, "Name": "Client"})
	}
	return ok(out)
}

func (s *Server) clientLists(c *call) reply {
	out := []map[string]string{}
	for _, l := range s.lists {
		if l.client == c.req.PathValue("client") {
			out = append(out, map[string]string{"ListID": l.id, "Name": l.title})
		}
	}
	return s.ofClient(c, out)
}

func (s *Server) listsForEmail(c *call) reply {
	out := []map[string]string{}
	for _, l := range s.lists {
		sub := l.subscribers[s.key(c.query.Get("email"))]
		if l.client == c.req.PathValue("client") && sub != nil {
			out = append(out, map[string]string{"ListID": l.id, "ListName": l.title,
				"SubscriberState": sub.state, "DateSubscriberAdded": sub.joined.Format(time.DateTime)})
		}
	}
	return s.ofClient(c, out)
}

// ofClient answers with body unless the client of the path is not there.
func (s *Server) ofClient(c *call, body any) reply {
	if s.suppressed[c.req.PathValue("client")] == nil {
		return refuse(401, 102, "Invalid ClientID")
	}
	return ok(body)
}

type suppressedView struct{ SuppressionReason, EmailAddress, Date, State string }

func (s *Server) readSuppression(c *call) reply {
	p, refused, isBad := s.paging(c)
	if isBad {
		return refused
	}
	all := s.suppressed[c.req.PathValue("client")]
	keys := slices.Sorted(maps.Keys(all))
	from := min((p.page-1)*p.size, len(keys))
	rows := []suppressedView{}
	for _, key := range keys[from:min(from+p.size, len(keys))] {
		rows = append(rows, suppressedView{"Unsubscribed", key, all[key].Format(time.DateTime), "Suppressed"})
	}
	return s.ofClient(c, map[string]any{"Results": rows, "ResultsOrderedBy": "email", "OrderDirection": "asc",
		"PageNumber": p.page, "PageSize": p.size,
		"RecordsOnThisPage": len(rows), "TotalNumberOfRecords": len(keys), "NumberOfPages": max(1, (len(keys)+p.size-1)/p.size)})
}

func (s *Server) suppress(c *call) reply {
	var b struct{ EmailAddresses []str }
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("emailAddresses")
	}
	client := c.req.PathValue("client")
	answer := s.ofClient(c, nil)
	if answer.code() == 0 {
		for _, email := range b.EmailAddresses {
			s.suppressAddress(client, string(email))
		}
	}
	return answer
}

// suppressAddress puts an address on the client's suppression list and takes it
// off the lists that heed it.
func (s *Server) suppressAddress(client, email string) {
	s.suppressed[client][s.key(email)] = s.now()
	for _, l := range s.lists {
		sub := l.subscribers[s.key(email)]
		if l.client == client && l.suppresses() && sub != nil && active(sub.state) {
			s.end(l, sub, "Unsubscribed")
		}
	}
}

func (s *Server) unsuppress(c *call) reply {
	answer := s.ofClient(c, nil)
	if answer.code() != 0 {
		return answer
	}
	all, key := s.suppressed[c.req.PathValue("client")], s.key(c.query.Get("email"))
	if _, there := all[key]; !there {
		return bad(176, "Not in suppression list")
	}
	delete(all, key)
	return answer
}
