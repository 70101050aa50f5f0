package ghost

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strconv"

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
			p, err := c.page(ctx, after)
			if err != nil {
				yield(member.Facts{}, err)
				return
			}
			for _, m := range p.Members {
				if !yield(m.liveFacts()) {
					return
				}
				after = m.ID
			}
			more = !p.isLast()
		}
	}
}

func (c *Client) page(ctx context.Context, after string) (page, error) {
	query := url.Values{"order": {"id asc"}, "include": {"tiers"}, "limit": {strconv.Itoa(pageSize)}}
	if after != "" {
		filter, err := filterAfter(after)
		if err != nil {
			return page{}, fmt.Errorf("ghost members: %w", err)
		}
		query.Set("filter", filter)
	}
	call := call{op: "members", path: "members/", query: query, bytes: maxPage}
	p, err := c.members(ctx, call, pageSize)
	if err == nil && !p.ascendsFrom(after) {
		return page{}, call.unreadable(errNoProgress)
	}
	return p, err
}

// isLast goes by the number of records. Ghost's own `next` is not null behind
// the last page, and a Ghost that allows fewer than pageSize says so in limit.
func (p page) isLast() bool {
	return len(p.Members) == 0 || len(p.Members) < p.Meta.Pagination.Limit
}

// ascendsFrom guards against a walk that would never end: Ghost ignores a
// filter or an order that it does not understand.
func (p page) ascendsFrom(after string) bool {
	for _, m := range p.Members {
		if !ValidID(m.ID) || m.ID <= after {
			return false
		}
		after = m.ID
	}
	return true
}
