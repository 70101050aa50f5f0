package cmtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type subscriberView struct {
	EmailAddress, Name   string
	MobileNumber         string `json:",omitempty"`
	Date, ListJoinedDate string
	State                string
	CustomFields         []valueView
	ReadsEmailWith       string
	ConsentToTrack       string `json:",omitempty"`
}

type valueView struct{ Key, Value string }

func (s *Server) view(l *list, sub *subscriber, consent bool) subscriberView {
	v := subscriberView{EmailAddress: sub.email, Name: sub.name, MobileNumber: sub.mobile, State: sub.state,
		Date: sub.changed.Format(time.DateTime), ListJoinedDate: sub.joined.Format(time.DateTime), CustomFields: []valueView{}}
	for _, f := range l.fields {
		key := f.name // brackets gone, spaces kept, in all of the vendor's samples
		if s.opts.BracketedKeys {
			key = f.key()
		}
		for _, value := range sub.values[f] {
			v.CustomFields = append(v.CustomFields, valueView{key, value})
		}
	}
	if consent {
		v.ConsentToTrack = s.consent[l.client][s.key(sub.email)]
	}
	return v
}

func (s *Server) readSubscriber(c *call, l *list) reply {
	email := c.query.Get("email")
	if email == "" {
		return bad(1, "Invalid Email Address")
	}
	sub := l.subscribers[s.key(email)]
	if sub == nil {
		return notInList()
	}
	return ok(s.view(l, sub, wantsConsent(c)))
}

func wantsConsent(c *call) bool {
	return strings.EqualFold(c.query.Get("includetrackingpreference"), "true")
}

// paging is a checked request for a page.
type paging struct {
	since            time.Time
	page, size       int
	order, direction string
}

type pageView struct {
	Results              []subscriberView
	ResultsOrderedBy     string
	OrderDirection       string
	PageNumber           int
	PageSize             int
	RecordsOnThisPage    int
	TotalNumberOfRecords int
	NumberOfPages        int
}

// readState serves a page of the subscribers of one state.
func (s *Server) readState(state string) func(*call, *list) reply {
	return func(c *call, l *list) reply {
		p, refused, bad := s.paging(c)
		if bad {
			return refused
		}
		rows := l.rows(state, p)
		from := min((p.page-1)*p.size, len(rows))
		here := rows[from:min(from+p.size, len(rows))]
		v := pageView{Results: []subscriberView{}, ResultsOrderedBy: p.order, OrderDirection: p.direction,
			PageNumber: p.page, PageSize: p.size,
			RecordsOnThisPage: len(here), TotalNumberOfRecords: len(rows), NumberOfPages: max(1, (len(rows)+p.size-1)/p.size)}
		for _, sub := range here {
			v.Results = append(v.Results, s.view(l, sub, wantsConsent(c)))
		}
		return ok(v)
	}
}

func (s *Server) paging(c *call) (p paging, refused reply, isBad bool) {
	p = paging{page: 1, size: 1000, order: "date", direction: "asc"}
	var err error
	if date := c.query.Get("date"); date != "" {
		if p.since, err = s.parseSince(date); err != nil {
			return p, bad(5, "Invalid Date"), true
		}
	}
	if v := c.query.Get("page"); v != "" {
		if p.page, err = strconv.Atoi(v); err != nil || p.page < 1 || p.page > 1e6 {
			return p, bad(800, "Invalid page number"), true
		}
	}
	if v := c.query.Get("pagesize"); v != "" {
		if p.size, err = strconv.Atoi(v); err != nil || p.size < 10 || p.size > 1000 {
			return p, bad(801, "Page size must be between 10 and 1000"), true
		}
	}
	if v := strings.ToLower(c.query.Get("orderfield")); v != "" {
		if p.order = v; v != "email" && v != "name" && v != "date" {
			return p, bad(802, "Invalid order field"), true
		}
	}
	if v := strings.ToLower(c.query.Get("orderdirection")); v != "" {
		if p.direction = v; v != "asc" && v != "desc" {
			return p, bad(803, "Invalid order direction"), true
		}
	}
	return p, reply{}, false
}

func (s *Server) parseSince(v string) (t time.Time, err error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime} {
		if t, err = time.ParseInLocation(layout, v, s.opts.Zone); err == nil {
			return t, nil
		}
	}
	return t, err
}

// sortedRows remembers the last ordering, so that reading a list page by page
// sorts it once.
type sortedRows struct {
	version int
	state   string
	asked   paging
	rows    []*subscriber
}

func (l *list) rows(state string, p paging) []*subscriber {
	p.page, p.size = 0, 0
	if l.sorted.rows != nil && l.sorted.version == l.version && l.sorted.state == state && l.sorted.asked == p {
		return l.sorted.rows
	}
	rows := []*subscriber{}
	for _, sub := range l.subscribers {
		if sub.state == state && !sub.changed.Before(p.since) {
			rows = append(rows, sub)
		}
	}
	slices.SortFunc(rows, func(a, b *subscriber) int {
		order := cmp.Or(compareBy(p.order, a, b), strings.Compare(a.email, b.email))
		if p.direction == "desc" {
			return -order
		}
		return order
	})
	l.sorted = sortedRows{version: l.version, state: state, asked: p, rows: rows}
	return rows
}

func compareBy(order string, a, b *subscriber) int {
	switch order {
	case "email":
		return strings.Compare(strings.ToLower(a.email), strings.ToLower(b.email))
	case "name":
		return strings.Compare(a.name, b.name)
	}
	return a.changed.Compare(b.changed)
}
