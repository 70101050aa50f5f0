package ghost

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/ghostcm/ghostcm/internal/member"
)

// pageSize is the most that Ghost gives at once; it cuts a larger wish silently.
const pageSize = 100

// Members walks through all members whose id sorts after the given one, or
// through all if after is empty, in the order of their ids. To go on with a
// walk that was interrupted, give the last id seen.
//
// The walk misses nobody and repeats nobody while members come and go: pages by
// number would skip one member for each that is deleted meanwhile.
//
// A record that cannot be read is yielded as an error that wraps
// ErrInvalidMember, with its id alone, and the walk goes on behind it. Any
// other error ends the walk.
func (c *Client) Members(ctx context.Context, after string) iter.Seq2[member.Facts, error] {
	return func(yield func(member.Facts, error) bool) {
		for more := true; more; {
			page, err := c.page(ctx, after)
			if err != nil {
				yield(member.Facts{}, err)
				return
			}
			for _, m := range page.Members {
				if !yield(m.read()) {
					return
				}
				after = m.ID
			}
			more = !page.isLast()
		}
	}
}

// pageJSON is an answer with members: a page, or a single one.
type pageJSON struct {
	Members []recordJSON `json:"members"`
	Meta    struct {
		Pagination struct {
			Limit int `json:"limit"`
		} `json:"pagination"`
	} `json:"meta"`
}

// isLast goes by the number of records. Ghost's own `next` is not null behind
// the last page, and a Ghost that allows fewer than pageSize says so in limit.
func (p pageJSON) isLast() bool {
	return len(p.Members) == 0 || len(p.Members) < p.Meta.Pagination.Limit
}

func (c *Client) page(ctx context.Context, after string) (pageJSON, error) {
	const op = "members"
	query := url.Values{"order": {"id asc"}, "include": {"tiers"}, "limit": {fmt.Sprint(pageSize)}}
	if after != "" {
		filter, err := filterAfter(after)
		if err != nil {
			return pageJSON{}, fmt.Errorf("ghost %s: %w", op, err)
		}
		query.Set("filter", filter)
	}
	var page pageJSON
	if err := c.get(ctx, call{op: op, path: "members/", query: query}, &page); err != nil {
		return pageJSON{}, err
	}
	if page.Members == nil {
		return pageJSON{}, &Error{Op: op, Status: http.StatusOK, cause: errNotJSON}
	}
	if !page.ascendsFrom(after) {
		return pageJSON{}, &Error{Op: op, Status: http.StatusOK, cause: errNoProgress}
	}
	return page, nil
}

// ascendsFrom guards against a walk that would never end: Ghost ignores a
// filter or an order that it does not understand.
func (p pageJSON) ascendsFrom(after string) bool {
	for _, m := range p.Members {
		if !ValidID(m.ID) || m.ID <= after {
			return false
		}
		after = m.ID
	}
	return true
}

// recordJSON is a member of a page. It never fails to decode, so that one bad
// record does not take the 99 others with it.
type recordJSON struct {
	memberJSON
	err error
}

func (r *recordJSON) UnmarshalJSON(raw []byte) error {
	if r.memberJSON, r.err = decodeMember(raw); r.err == nil {
		return nil
	}
	var only struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &only) == nil {
		r.ID = only.ID
	}
	return nil
}

func (r recordJSON) read() (member.Facts, error) {
	if r.err != nil {
		return member.Facts{ID: r.ID}, r.err
	}
	return r.liveFacts()
}
