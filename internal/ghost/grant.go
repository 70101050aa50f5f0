package ghost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrMemberExists says that Ghost has a member with the address already. On
// MariaDB another spelling of it counts too, with other accents, say.
var ErrMemberExists = errors.New("ghost has a member with this address already")

// ErrNoExpiry says that a tier was not written because it would never end: Ghost
// takes a missing expiry for none.
var ErrNoExpiry = errors.New("a tier is given with the time when it ends")

// Ghost answers 200 also to changes of tiers that it does not make: nothing that
// is written here has happened before AccessByID shows it.
//
// No write names `comped`: it moves the member's subscription in Stripe to a price
// of nothing, and does not move it back. None names labels or newsletters, which
// a PUT replaces as a whole.

// NewMember is a member that a purchase creates.
type NewMember struct {
	Email, Name string
	Note        string // "" is none
	TierID      string
	ExpiryAt    time.Time
	SendMail    bool // whether Ghost sends the mail with the link to sign in
}

// CreateMember creates a member who has a tier from the start, which works also
// in a Ghost without Stripe. The error is ErrMemberExists for an address that is
// taken, and of the kind Invalid for one that Ghost refuses. Ghost sends the mail
// after it has created the member: an error may mean that only the mail failed.
func (c *Client) CreateMember(ctx context.Context, m NewMember) (Access, error) {
	const op = "create_member"
	tiers, err := tiersOf(op, m.TierID, m.ExpiryAt)
	if err != nil {
		return Access{}, err
	}
	type newMember struct {
		Email string      `json:"email"`
		Name  string      `json:"name,omitempty"`
		Note  string      `json:"note,omitempty"`
		Tiers []tierGrant `json:"tiers"`
	}
	call := call{
		op: op, method: http.MethodPost, path: "members/", want: http.StatusCreated, bytes: maxSingle,
		send: map[string][]newMember{"members": {{Email: m.Email, Name: m.Name, Note: m.Note, Tiers: tiers}}},
	}
	if m.SendMail {
		call.query = url.Values{"send_email": {"true"}, "email_type": {"signin"}}
	}
	return c.access(ctx, call, "")
}

// GrantTier makes one tier the only one that a member has, until expiryAt, which
// Ghost keeps in whole seconds. A note that is not empty replaces the member's.
// Of a member who pays, or was given a gift, tiers must not be written.
func (c *Client) GrantTier(ctx context.Context, id, tierID string, expiryAt time.Time, note string) error {
	const op = "grant_tier"
	tiers, err := tiersOf(op, tierID, expiryAt)
	if err != nil {
		return err
	}
	return c.writeTiers(ctx, op, id, tiers, note)
}

// RevokeTiers takes all tiers from a member. In a Ghost without Stripe that would
// leave the member comped for ever: there, ExpireTier is the way.
func (c *Client) RevokeTiers(ctx context.Context, id, note string) error {
	return c.writeTiers(ctx, "revoke_tiers", id, []tierGrant{}, note)
}

// ExpireTier leaves a tier with a time in the past at which it ended. Ghost's
// nightly job takes it away then, and makes the member free, with Stripe or
// without; until that has run, up to 30 hours, Ghost still lets the member read.
func (c *Client) ExpireTier(ctx context.Context, id, tierID string, past time.Time, note string) error {
	const op = "expire_tier"
	tiers, err := tiersOf(op, tierID, past)
	if err != nil {
		return err
	}
	return c.writeTiers(ctx, op, id, tiers, note)
}

// RestoreTier gives back a tier that a person had given, as it was; a zero
// expiryAt is no end.
func (c *Client) RestoreTier(ctx context.Context, id, tierID string, expiryAt time.Time, note string) error {
	const op = "restore_tier"
	if !expiryAt.IsZero() {
		tiers, err := tiersOf(op, tierID, expiryAt)
		if err != nil {
			return err
		}
		return c.writeTiers(ctx, op, id, tiers, note)
	}
	if !ValidID(tierID) {
		return fmt.Errorf("ghost %s: tier id is not 24 hex digits: %w", op, ErrInvalidMember)
	}
	return c.writeTiers(ctx, op, id, []tierGrant{{ID: tierID}}, note)
}

type tierGrant struct {
	ID       string  `json:"id"`
	ExpiryAt *string `json:"expiry_at"` // null is no end
}

func tiersOf(op, tierID string, expiryAt time.Time) ([]tierGrant, error) {
	if !ValidID(tierID) {
		return nil, fmt.Errorf("ghost %s: tier id is not 24 hex digits: %w", op, ErrInvalidMember)
	}
	if expiryAt.IsZero() {
		return nil, fmt.Errorf("ghost %s: %w", op, ErrNoExpiry)
	}
	at := WholeSecond(expiryAt).Format("2006-01-02T15:04:05.000Z")
	return []tierGrant{{ID: tierID, ExpiryAt: &at}}, nil
}

// WholeSecond is a time as Ghost keeps an expiry: MariaDB cuts off what is less
// than a second, and MySQL rounds it.
func WholeSecond(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func (c *Client) writeTiers(ctx context.Context, op, id string, tiers []tierGrant, note string) error {
	if !ValidID(id) {
		return fmt.Errorf("ghost %s: %w", op, ErrInvalidMember)
	}
	type change struct {
		Tiers []tierGrant `json:"tiers"`
		Note  string      `json:"note,omitempty"`
	}
	call := call{
		op: op, method: http.MethodPut, path: "members/" + id + "/", query: url.Values{"include": {"tiers"}}, bytes: maxSingle,
		send: map[string][]change{"members": {{Tiers: tiers, Note: note}}},
	}
	_, err := c.access(ctx, call, id)
	return err
}

// maxNote is what Ghost stores of a note, in characters.
const maxNote = 2000

// Noted is a note with a line that begins with prefix: in place of the one that
// did, or behind the rest, which stays as it is. A note that has no room for the
// line stays without it.
func Noted(note, prefix, line string) string {
	line = prefix + strings.Join(strings.Fields(line), " ")
	lines := strings.Split(note, "\n")
	replaced := false
	for i, l := range lines {
		if strings.HasPrefix(l, prefix) && !replaced {
			lines[i], replaced = line, true
		}
	}
	switch {
	case note == "":
		lines = []string{line}
	case !replaced:
		lines = append(lines, line)
	}
	if with := strings.Join(lines, "\n"); utf16Len(with) <= maxNote {
		return with
	}
	return note
}

// utf16Len counts an emoji as two, as a validator in JavaScript may: Ghost 6.65 counts
// it as one, and takes 2,000 of them.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}
