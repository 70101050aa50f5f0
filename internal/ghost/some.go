package ghost

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"github.com/ghostcm/ghostcm/internal/member"
)

// MembersByID reads the members with the given ids, in the order of their ids,
// with a request for each 100 of them. Members that Ghost does not have do not
// come: an id that is missing at the end of a walk without an error is of nobody
// at the moment of reading. A repeated id comes once.
//
// A record that cannot be read, and an id that is none, is yielded as an error
// that wraps ErrInvalidMember, with its id alone, and the walk goes on. Any other
// error ends the walk.
func (c *Client) MembersByID(ctx context.Context, ids []string) iter.Seq2[member.Facts, error] {
	return func(yield func(member.Facts, error) bool) {
		sorted := slices.Compact(slices.Sorted(slices.Values(ids)))
		wanted := slices.DeleteFunc(slices.Clone(sorted), func(id string) bool { return !ValidID(id) })
		for _, id := range sorted {
			if !ValidID(id) && !yield(member.Facts{ID: id}, fmt.Errorf("ghost %s: %w", opByID, ErrInvalidMember)) {
				return
			}
		}
		for len(wanted) > 0 {
			p, rest, err := c.pageOf(ctx, wanted)
			if err != nil {
				yield(member.Facts{}, err)
				return
			}
			for _, m := range p.Members {
				if !yield(m.liveFacts()) {
					return
				}
			}
			wanted = rest
		}
	}
}

const opByID = "members_by_id"

// pageOf reads the first of the wanted members, which are sorted, and returns
// which are left to read. A Ghost that allows fewer at once than were asked for
// says so by a full page; what it left out is not missing.
func (c *Client) pageOf(ctx context.Context, wanted []string) (p page, rest []string, err error) {
	chunk := wanted[:min(len(wanted), pageSize)]
	filter, err := filterIDs(chunk)
	if err != nil {
		return page{}, nil, fmt.Errorf("ghost %s: %w", opByID, err)
	}
	query := url.Values{
		"filter": {filter}, "order": {"id asc"}, "include": {"tiers"}, "limit": {strconv.Itoa(pageSize)},
	}
	call := call{op: opByID, path: "members/", query: query, bytes: maxPage}
	p, err = c.members(ctx, call, len(chunk))
	if err != nil {
		return page{}, nil, err
	}
	if !p.ascendsFrom("") || !p.isOf(chunk) {
		return page{}, nil, call.unreadable(errOtherID)
	}
	if p.isLast() {
		return p, wanted[len(chunk):], nil
	}
	last, _ := slices.BinarySearch(wanted, p.Members[len(p.Members)-1].ID)
	return p, wanted[last+1:], nil
}

// isOf guards against a filter that was not understood, which returns everyone.
func (p page) isOf(ids []string) bool {
	return !slices.ContainsFunc(p.Members, func(m memberJSON) bool {
		_, found := slices.BinarySearch(ids, m.ID)
		return !found
	})
}

// CountMembers asks how many members there are.
func (c *Client) CountMembers(ctx context.Context) (int, error) {
	query := url.Values{"limit": {"1"}, "fields": {"id"}, "order": {"id asc"}}
	call := call{op: "count_members", path: "members/", query: query, bytes: maxSingle}
	p, err := c.members(ctx, call, 1)
	if err != nil {
		return 0, err
	}
	total := p.Meta.Pagination.Total
	if total == nil || *total < len(p.Members) {
		return 0, call.unreadable(errNoCount)
	}
	return *total, nil
}
