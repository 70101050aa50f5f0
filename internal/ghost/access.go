package ghost

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Access is what a member may read, and why, as Ghost has it.
type Access struct {
	ID, Email, Name string
	Status          string // free, paid, comped, gift, or what comes
	Tiers           []HeldTier
	Subscriptions   []Subscription
	Labels          []string
	Note            string
}

// HeldTier is a tier that a member has.
type HeldTier struct {
	ID, Slug, Name string
	ExpiryAt       time.Time // zero is never
}

// Subscription is why a member has a tier. One without an id is Ghost's way to
// show a tier that Stripe knows nothing of: a comp, or a gift.
type Subscription struct {
	ID     string // of Stripe
	Status string // active, trialing, past_due, unpaid, canceled …
	Plan   string // its nickname
	TierID string
	Ends   time.Time // of the current period; zero is unknown or never
}

// complimentary is the nickname of the plans by which Ghost's own `comped` makes
// access free.
const complimentary = "Complimentary"

// Live says whether Stripe bills the subscription, or tries to. Source:
// isActiveSubscriptionStatus of Ghost's member-repository.
func (s Subscription) Live() bool {
	return s.ID != "" && slices.Contains([]string{"active", "trialing", "past_due", "unpaid"}, s.Status)
}

// Complimentary says whether the subscription is one of Stripe's that costs
// nothing: what `comped` leaves behind, and what nobody pays.
func (s Subscription) Complimentary() bool { return s.ID != "" && s.Plan == complimentary }

// Paying says whether the member pays by Stripe, was given a gift, or has a status
// that is not known here. Tiers of such a member are not to be written: Ghost
// refuses some such writes, and takes others that end the payer's access.
func (a Access) Paying() bool {
	return a.Status != "free" && a.Status != "comped" ||
		slices.ContainsFunc(a.Subscriptions, func(s Subscription) bool { return s.Live() && !s.Complimentary() })
}

// StripeComp says whether Stripe has a subscription for the member that costs
// nothing: no write of tiers ends it.
func (a Access) StripeComp() bool {
	return slices.ContainsFunc(a.Subscriptions, func(s Subscription) bool { return s.Live() && s.Complimentary() })
}

// Held finds a tier among those that the member has.
func (a Access) Held(tierID string) (HeldTier, bool) {
	i := slices.IndexFunc(a.Tiers, func(t HeldTier) bool { return t.ID == tierID })
	if i < 0 {
		return HeldTier{}, false
	}
	return a.Tiers[i], true
}

// AccessByID reads a member's access. The error is ErrNotFound if there is no
// such member.
func (c *Client) AccessByID(ctx context.Context, id string) (Access, error) {
	const op = "access"
	if !ValidID(id) {
		return Access{}, fmt.Errorf("ghost %s: %w", op, ErrInvalidMember)
	}
	return c.access(ctx, call{op: op, path: "members/" + id + "/", bytes: maxSingle}, id)
}

// AccessByEmail reads the access of the member with an address, of which the
// lower-case spelling is looked for, and then the given one; found is false if
// there is none. A member whose address is another, which MariaDB also finds, is
// not the one. It returns ErrUnsearchable for an address with a backslash.
func (c *Client) AccessByEmail(ctx context.Context, email string) (a Access, found bool, err error) {
	spellings := []string{member.AddressKey(email), email}
	for _, spelling := range slices.Compact(spellings) {
		f, found, err := c.MemberByEmail(ctx, spelling)
		if err != nil {
			return Access{}, false, err
		}
		if found {
			a, err := c.AccessByID(ctx, f.ID)
			return a, err == nil, err
		}
	}
	return Access{}, false, nil
}

// AccessInAnyCase is AccessByEmail for a Ghost whose database tells upper and lower
// case apart. It has the database look at every member.
func (c *Client) AccessInAnyCase(ctx context.Context, email string) (a Access, found bool, err error) {
	filter, err := filterEmailInAnyCase(email)
	if err != nil {
		return Access{}, false, fmt.Errorf("ghost member_by_email: %w", err)
	}
	f, found, err := c.bestOf(ctx, filter, email)
	if err != nil || !found {
		return Access{}, false, err
	}
	a, err = c.AccessByID(ctx, f.ID)
	return a, err == nil, err
}

// access makes a call that answers with one member. An empty id is whichever.
func (c *Client) access(ctx context.Context, call call, id string) (Access, error) {
	var body struct {
		Members few[accessJSON] `json:"members"`
	}
	if _, err := c.do(ctx, call, into(&body)); err != nil {
		return Access{}, err
	}
	if len(body.Members) != 1 || !ValidID(body.Members[0].ID) || id != "" && body.Members[0].ID != id {
		return Access{}, call.unreadable(errOtherID)
	}
	a, whole := body.Members[0].access()
	if !whole {
		return Access{}, call.unreadable(errNoAccess)
	}
	return a, nil
}

// accessJSON is Ghost's member, the keys that decide on access.
type accessJSON struct {
	ID            string                 `json:"id"`
	Email         string                 `json:"email"`
	Name          string                 `json:"name"`
	Status        string                 `json:"status"`
	Note          string                 `json:"note"`
	Labels        few[named]             `json:"labels"`
	Tiers         few[heldJSON]          `json:"tiers"`
	Subscriptions few[subscriptionsJSON] `json:"subscriptions"`
}

type heldJSON struct {
	ID       string    `json:"id"`
	Slug     string    `json:"slug"`
	Name     string    `json:"name"`
	ExpiryAt timestamp `json:"expiry_at"`
}

type subscriptionsJSON struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Plan   struct {
		Nickname string `json:"nickname"`
	} `json:"plan"`
	Tier struct {
		ID string `json:"id"`
	} `json:"tier"`
	Ends timestamp `json:"current_period_end"`
}

// access is whole if nothing is missing that decides whether a member pays: what
// is not known must not be taken for nothing.
func (m accessJSON) access() (a Access, whole bool) {
	a = Access{ID: m.ID, Email: m.Email, Name: m.Name, Status: m.Status, Note: m.Note}
	for _, l := range m.Labels {
		a.Labels = append(a.Labels, l.Name)
	}
	for _, t := range m.Tiers {
		a.Tiers = append(a.Tiers, HeldTier{ID: t.ID, Slug: t.Slug, Name: t.Name, ExpiryAt: t.ExpiryAt.Time})
	}
	for _, s := range m.Subscriptions {
		a.Subscriptions = append(a.Subscriptions, Subscription{
			ID: s.ID, Status: s.Status, Plan: s.Plan.Nickname, TierID: s.Tier.ID, Ends: s.Ends.Time,
		})
	}
	return a, m.Status != "" && m.Tiers != nil && m.Subscriptions != nil
}

// few is a list of which so many are read: a broken Ghost must not cost the
// memory that its answer would unfold into.
type few[T any] []T

const maxFew = maxNamed

func (f *few[T]) UnmarshalJSON(raw []byte) error {
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	if len(all) > maxFew {
		return errTooLarge
	}
	if all == nil {
		return nil
	}
	*f = make(few[T], len(all))
	for i, one := range all {
		if err := json.Unmarshal(one, &(*f)[i]); err != nil {
			return err
		}
	}
	return nil
}
