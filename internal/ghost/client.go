package ghost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Options say which Ghost a client reads, and how.
type Options struct {
	URL      string       // of the site, as Ghost knows itself; a path is kept
	AdminKey string       // "id:secret", as Ghost shows it
	HTTP     *http.Client // required: decides where requests may go; its redirect policy is not used
	Now      func() time.Time
	// Observe is told of each request: its operation, the status of the answer
	// (0 if there was none) and how long it took. Nil observes nothing.
	Observe func(op string, status int, took time.Duration)
}

// Client reads members from Ghost's Admin API, and writes what its methods say,
// each write once. Many goroutines may use one client; each request takes 20
// seconds at most, with the census as the exception.
//
// Calls return an *Error, or one that wraps ErrInvalidMember for a record that
// cannot be read, ErrUnsearchable or ErrInvalidWebhook.
type Client struct {
	base    *url.URL
	http    *http.Client
	tokens  *tokens
	now     func() time.Time
	observe func(op string, status int, took time.Duration)
}

// New checks the options and makes a client; it sends nothing. A nil Now is the
// system's clock. It returns ErrAdminKey for a key that is none.
func New(o Options) (*Client, error) {
	base, err := adminURL(o.URL)
	if err != nil {
		return nil, err
	}
	key, err := parseAdminKey(o.AdminKey)
	if err != nil {
		return nil, err
	}
	if o.HTTP == nil {
		return nil, errors.New("ghost client has no HTTP client")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{
		base:    base,
		http:    own(o.HTTP),
		tokens:  &tokens{key: key, now: o.Now},
		now:     o.Now,
		observe: o.Observe,
	}, nil
}

// adminURL is where the Admin API of a site is. Errors do not quote the URL,
// which may hold a password.
func adminURL(site string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(site))
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("ghost URL is not an absolute http or https URL")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("ghost URL has a user, a query or a fragment")
	}
	return u.JoinPath("ghost/api/admin/"), nil
}

// own copies a client so that a redirect is an answer: followed, it would carry
// the token, and what is written, to another host. It has no time limit of its
// own, because calls have theirs.
func own(given *http.Client) *http.Client {
	c := *given
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Timeout = 0
	return &c
}

// Member reads one member with everything that is known of it. The error is
// ErrNotFound if Ghost has no such member.
func (c *Client) Member(ctx context.Context, id string) (member.Facts, error) {
	const op = "member"
	if !ValidID(id) {
		return member.Facts{}, fmt.Errorf("ghost %s: %w", op, ErrInvalidMember)
	}
	return c.single(ctx, call{op: op, path: "members/" + id + "/", bytes: maxSingle}, id)
}

// single makes a call that answers with the one member that it is about.
func (c *Client) single(ctx context.Context, call call, id string) (member.Facts, error) {
	p, err := c.members(ctx, call, 1)
	if err != nil {
		return member.Facts{}, err
	}
	if len(p.Members) != 1 || p.Members[0].ID != id {
		return member.Facts{}, call.unreadable(errOtherID)
	}
	return p.Members[0].liveFacts()
}

// MemberByEmail looks for the member with an address; found is false if there
// is none. Upper and lower case are not told apart, but on SQLite Ghost finds
// only the spelling it is asked for; a member with exactly the given spelling
// comes first. It returns ErrUnsearchable for an address with a backslash.
func (c *Client) MemberByEmail(ctx context.Context, email string) (f member.Facts, found bool, err error) {
	const op = "member_by_email"
	filter, err := filterEmail(email)
	if err != nil {
		return member.Facts{}, false, fmt.Errorf("ghost %s: %w", op, err)
	}
	return c.bestOf(ctx, filter, email)
}

// bestOf is the member with an address among those that a filter selects.
func (c *Client) bestOf(ctx context.Context, filter, email string) (f member.Facts, found bool, err error) {
	const op = "member_by_email"
	query := url.Values{"filter": {filter}, "include": {"tiers"}, "limit": {strconv.Itoa(pageSize)}}
	p, err := c.members(ctx, call{op: op, path: "members/", query: query, bytes: maxPage}, pageSize)
	if err != nil {
		return member.Facts{}, false, err
	}
	return bestMatch(p.Members, email)
}

// bestMatch compares the addresses itself, because Ghost finds more than it was
// asked for: MariaDB takes accents for the same, and a filter that Ghost does
// not understand returns everyone. A record that cannot be read may be the one.
func bestMatch(all []memberJSON, email string) (best member.Facts, found bool, err error) {
	for _, m := range all {
		f, unread := m.liveFacts()
		switch {
		case unread != nil:
			err = unread
		case f.Email.Value == email:
			return f, true, nil
		case !found && strings.EqualFold(f.Email.Value, email):
			best, found = f, true
		}
	}
	if found {
		return best, true, nil
	}
	return member.Facts{}, false, err
}
