package campaignmonitor

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// MaxPage is how many subscribers one page may have.
const MaxPage = 1000

// Query narrows and orders the subscribers of one state.
type Query struct {
	// Since leaves out those who entered the state before it: a time of the
	// client's zone, "2006-01-02" or "2006-01-02 15:04". "" is all.
	Since string
	// OrderBy is email, name or date; "" is email, which state changes during
	// the reading move least.
	OrderBy string
	// PageSize is 10 to MaxPage; 0 is MaxPage.
	PageSize int
}

// Subscribers yields a list's subscribers in one state, page by page. Pages are
// no snapshot: who changes meanwhile may come twice or not at all. An error is
// yielded last, with an empty Subscriber.
func (c *Client) Subscribers(ctx context.Context, list, state string, q Query) iter.Seq2[Subscriber, error] {
	return func(yield func(Subscriber, error) bool) {
		for page := 1; ; page++ {
			j, err := c.page(ctx, list, state, q, page)
			if err != nil {
				yield(Subscriber{}, err)
				return
			}
			for _, s := range j.Results {
				if !yield(s.subscriber(), nil) {
					return
				}
			}
			if len(j.Results) == 0 || page >= j.NumberOfPages {
				return
			}
		}
	}
}

// Page is one page of a list's subscribers in one state.
type Page struct {
	Subscribers []Subscriber
	Pages       int // how many there are
	Total       int // subscribers on all of them
}

// SubscribersPage reads one page, from 1 on, for callers that pace and repeat
// requests page by page. A page behind the last is empty.
func (c *Client) SubscribersPage(ctx context.Context, list, state string, q Query, page int) (Page, error) {
	j, err := c.page(ctx, list, state, q, page)
	if err != nil {
		return Page{}, err
	}
	p := Page{Pages: j.NumberOfPages, Total: j.TotalNumberOfRecords, Subscribers: make([]Subscriber, len(j.Results))}
	for i, s := range j.Results {
		p.Subscribers[i] = s.subscriber()
	}
	return p, nil
}

type pageJSON struct {
	Results              elements[subscriberJSON]
	NumberOfPages        int
	TotalNumberOfRecords int
}

func (c *Client) page(ctx context.Context, list, state string, q Query, page int) (pageJSON, error) {
	if q.OrderBy == "" {
		q.OrderBy = "email"
	}
	if q.PageSize == 0 {
		q.PageSize = MaxPage
	}
	query := url.Values{
		"date": {q.Since}, "page": {strconv.Itoa(page)}, "pagesize": {strconv.Itoa(q.PageSize)},
		"orderfield": {q.OrderBy}, "orderdirection": {"asc"},
	}
	path := listPath(list) + "/" + url.PathEscape(strings.ToLower(state))
	var j pageJSON
	err := c.do(ctx, request{op: OpSubscribersRead, method: http.MethodGet, path: path, query: query}, &j)
	if err != nil {
		return pageJSON{}, err
	}
	// An answer without pages is not an empty list: a reconciliation that took it
	// for one would see everybody as missing.
	if j.NumberOfPages < 1 && j.Results == nil {
		return pageJSON{}, unreadable(OpSubscribersRead, http.StatusOK)
	}
	return j, nil
}
