package cmtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The states of a subscriber that lists can be asked for.
var states = [...]string{"Active", "Unconfirmed", "Unsubscribed", "Bounced", "Deleted"}

const allClientLists = "AllClientLists"

// ListOptions describes a list to make.
type ListOptions struct {
	ID                 string // "" is made up
	Client             string // "" is DefaultClient
	Title              string
	ConfirmedOptIn     bool
	UnsubscribeSetting string // "" is AllClientLists, the vendor's default
}

type list struct {
	id, client, title  string
	confirmedOptIn     bool
	unsubscribeSetting string
	fields             []*field
	subscribers        map[string]*subscriber // by address key
	hooks              []*webhook
	version            int // grows with every change, for sorted
	sorted             sortedRows
}

// key is what addresses are compared by.
func (s *Server) key(email string) string {
	if s.opts.CaseSensitive {
		return email
	}
	return strings.ToLower(email)
}

func (s *Server) find(id string) *list {
	i := slices.IndexFunc(s.lists, func(l *list) bool { return strings.EqualFold(l.id, id) })
	if i < 0 {
		return nil
	}
	return s.lists[i]
}

func (s *Server) newID(digits int) string {
	s.ids++
	return fmt.Sprintf("%0*x", digits, 0xa1b2c3d4e5f60000+uint64(s.ids))
}

func (s *Server) addList(o ListOptions) *list {
	if o.ID == "" {
		o.ID = s.newID(32)
	}
	if o.Client == "" {
		o.Client = DefaultClient
	}
	if o.UnsubscribeSetting == "" {
		o.UnsubscribeSetting = allClientLists
	}
	l := &list{id: o.ID, client: o.Client, title: o.Title, confirmedOptIn: o.ConfirmedOptIn,
		unsubscribeSetting: o.UnsubscribeSetting, subscribers: map[string]*subscriber{}}
	s.lists = append(s.lists, l)
	if s.consent[l.client] == nil {
		s.consent[l.client] = map[string]string{}
		s.suppressed[l.client] = map[string]time.Time{}
	}
	return l
}

func (l *list) suppresses() bool { return l.unsubscribeSetting == allClientLists }

type listBody struct {
	Title, UnsubscribeSetting str
	ConfirmedOptIn            flag
}

func (s *Server) readList(_ *call, l *list) reply {
	return ok(map[string]any{
		"ConfirmedOptIn": l.confirmedOptIn, "Title": l.title, "UnsubscribePage": "", "ListID": l.id,
		"ConfirmationSuccessPage": "", "UnsubscribeSetting": l.unsubscribeSetting,
	})
}

// createList makes a list; the id in the path is the client's.
func (s *Server) createList(c *call) reply {
	var b listBody
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("list")
	}
	client := c.req.PathValue("client")
	if refused, bad := s.checkList(b, client, nil); bad {
		return refused
	}
	l := s.addList(ListOptions{
		Client: client, Title: string(b.Title),
		ConfirmedOptIn: bool(b.ConfirmedOptIn), UnsubscribeSetting: string(b.UnsubscribeSetting),
	})
	return created(l.id)
}

func (s *Server) updateList(c *call, l *list) reply {
	var b listBody
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("list")
	}
	if refused, bad := s.checkList(b, l.client, l); bad {
		return refused
	}
	l.title, l.confirmedOptIn = string(b.Title), bool(b.ConfirmedOptIn)
	if b.UnsubscribeSetting != "" {
		l.unsubscribeSetting = string(b.UnsubscribeSetting)
	}
	return done()
}

func (s *Server) checkList(b listBody, client string, self *list) (reply, bool) {
	switch {
	case b.Title == "":
		return bad(251, "List title must not be empty"), true
	case slices.ContainsFunc(s.lists, func(l *list) bool { return l != self && l.client == client && l.title == string(b.Title) }):
		return bad(250, "List title must be unique within the client"), true
	case b.UnsubscribeSetting != "" && b.UnsubscribeSetting != allClientLists && b.UnsubscribeSetting != "OnlyThisList":
		return bad(261, "Invalid unsubscribe setting"), true
	}
	return reply{}, false
}

func (s *Server) listStats(_ *call, l *list) reply {
	n := map[string]int{}
	for _, sub := range l.subscribers {
		n[sub.state]++
	}
	return ok(map[string]int{
		"TotalActiveSubscribers": n["Active"], "TotalUnsubscribes": n["Unsubscribed"],
		"TotalDeleted": n["Deleted"], "TotalBounces": n["Bounced"],
	})
}

func (s *Server) systemDate(*call) reply {
	return ok(map[string]string{"SystemDate": s.now().Format(time.DateTime)})
}
