package entitlement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// errReadBack is of a write that Ghost took, answered well, and did not make.
var errReadBack = errors.New("ghost answered well, but reads otherwise")

const codeReadBack = "ghost:readback"

// settle makes Ghost have what is wanted, and says what came of it. A person who
// becomes a member by it is filled in.
func (v *visit) settle(ctx context.Context, p *person, wanted payment.Wanted) (decision, error) {
	if !p.isMember() && wanted.Tier == "" {
		return decision{}, nil
	}
	if !p.isMember() && (p.gone || p.email == "") {
		return noMember(*p, v.Now()), nil
	}
	grant, err := v.grantOf(ctx, *p)
	if err != nil || wanted.Tier == "" && grant.MemberID == "" {
		return decision{}, err // of which nothing was given, nothing is to be taken
	}
	// What is taken must be taken in Ghost's way of today; and who tries again, or asks for
	// another look, may have changed it just now.
	fresh := wanted.Tier == "" || v.job.Attempt > 1 || v.job.Event == eventOperator
	house, err := v.ghosts[v.site.Name].of(ctx, v.site.Ghost, v.Now(), fresh)
	if err != nil {
		return decision{}, err
	}
	w, problem := v.wish(wanted, house, *p)
	if problem != nil {
		return *problem, nil
	}
	d, err := v.settleIn(ctx, p, grant, w, wanted, house)
	if err == nil && w.tierID != "" && d.again.IsZero() {
		// Ghost, its staff and Stripe may take what was given.
		if d.again = v.Now().Add(againDaily); house.sqlite {
			d.again = v.Now().Add(againSQLite)
		}
	}
	return d, err
}

func (v *visit) settleIn(
	ctx context.Context, p *person, grant store.Grant, w want, wanted payment.Wanted, house house,
) (decision, error) {
	if !p.isMember() {
		return v.create(ctx, p, w, wanted)
	}
	d := decide(situation{
		access: p.access, want: w, grant: grant, stripe: house.stripe, rank: v.rank, slug: house.slug, now: v.Now(),
	})
	return d, v.do(ctx, p, grant, w, d, wanted)
}

// againSQLite is how often to look where Ghost's nightly job takes every tier.
const againSQLite = 6 * time.Hour

func (v *visit) rank(slug string) (rank int, known bool) {
	rank = v.site.Mapping.Rank(slug)
	return rank, slices.Contains(v.site.Mapping.Tiers, slug)
}

// noMember is of a purchase that nobody can have.
func noMember(p person, now time.Time) decision {
	d := decision{
		state: payment.StateNeedsAttention, again: now.Add(againDaily),
		reason: "the purchase names no address that Ghost could know, so that nobody can have it",
		remedy: "link it to a member: ghostcm payments link",
	}
	if p.gone {
		d.reason = "the member who had it was deleted in Ghost"
		d.remedy = "link it to another member (ghostcm payments link), or end it at its provider"
	}
	return d
}

// wish finds the wanted tier in Ghost.
func (v *visit) wish(wanted payment.Wanted, h house, p person) (w want, problem *decision) {
	if wanted.Tier == "" {
		return want{}, nil
	}
	w = want{slug: wanted.Tier, until: ghost.WholeSecond(wanted.Until)}
	tier, found := h.tier(wanted.Tier)
	_, has := p.access.Held(tier.ID)
	why := ""
	switch {
	case !found:
		why = "Ghost has no tier " + wanted.Tier
	case tier.Type == "free":
		why = "the tier " + wanted.Tier + " is Ghost's free one, which nobody needs to buy"
	case !tier.Active && !has:
		why = "the tier " + wanted.Tier + " is archived in Ghost, and can be given to nobody"
	default:
		w.tierID = tier.ID
		return w, nil
	}
	return w, &decision{
		state: payment.StateNeedsAttention, reason: why, again: v.Now().Add(againSoon),
		remedy: "make the tier in Ghost, or change SITEN_TIERS; it is looked at again every hour",
	}
}

// grantOf is what we mean the member to have. What was recorded for the address,
// before the member was, is the member's now.
func (v *visit) grantOf(ctx context.Context, p person) (store.Grant, error) {
	if !p.isMember() {
		return store.Grant{}, nil
	}
	g, found, err := v.Store.Grant(ctx, v.site.Name, p.access.ID)
	if err != nil || found {
		return g, err
	}
	g, found, err = v.Store.Grant(ctx, v.site.Name, addressID(p.access.Email))
	if err != nil || !found {
		return store.Grant{}, err
	}
	g.MemberID = p.access.ID
	return g, v.Store.KeepGrant(ctx, v.site.Name, g, p.lease)
}

// create makes the member that a purchase asks for. What is meant is recorded under
// the address first: a member of whom no answer came is known by it.
func (v *visit) create(ctx context.Context, p *person, w want, wanted payment.Wanted) (decision, error) {
	g := store.Grant{
		MemberID: addressID(p.email), Tier: w.slug, TierID: w.tierID, ExpiryAt: w.until, At: v.Now(),
	}
	if err := v.Store.KeepGrant(ctx, v.site.Name, g, p.lease); err != nil {
		return decision{}, err
	}
	v.met = true
	made, err := v.site.Ghost.CreateMember(ctx, ghost.NewMember{
		Email: p.email, Name: v.about.Entitlement.Customer.Name, Note: ghost.Noted("", notePrefix, noteOf(w, wanted)),
		TierID: w.tierID, ExpiryAt: w.until, SendMail: v.mails(),
	})
	if errors.Is(err, ghost.ErrMemberExists) && v.job.Attempt > 1 {
		return decision{
			state: payment.StateNeedsAttention, again: v.Now().Add(againDaily),
			reason: "Ghost takes this address for that of another member, whose address is written otherwise",
			remedy: "link it to that member: ghostcm payments link",
		}, nil
	}
	if err != nil {
		return decision{}, err
	}
	v.did = actGrant
	lease, err := v.lock(ctx, made.ID)
	if err != nil {
		return decision{}, err
	}
	address := p.lease
	p.access, p.lease, g.MemberID = made, lease, made.ID
	if err := v.Store.KeepGrant(ctx, v.site.Name, g, lease); err != nil {
		return decision{}, err
	}
	// Before the address forgets that something was meant: a refund that came now would
	// else find nobody from whom anything is to be taken.
	if err := v.link(ctx, made.ID); err != nil {
		return decision{}, err
	}
	if err := v.Store.DropGrant(ctx, v.site.Name, addressID(p.email), address); err != nil {
		return decision{}, err
	}
	d := decision{act: actGrant, tierID: w.tierID, until: w.until}
	return d, v.confirm(ctx, p, g, d)
}

// mails says whether Ghost is to greet the member that this purchase makes: for a
// webhook that came just now, never for a backfill, a replay, or what came due.
func (v *visit) mails() bool {
	at := v.job.ReceivedAt
	return v.site.Mail && !at.IsZero() && v.Now().Sub(at) < greetWithin
}

// greetWithin is how old a webhook may be for its buyer to be greeted: all retries
// of an access job take longer, and what runs after them is a replay.
const greetWithin = time.Hour

// do carries a decision out: what is meant is recorded, written, read back, and then
// recorded as done.
func (v *visit) do(ctx context.Context, p *person, had store.Grant, w want, d decision, wanted payment.Wanted) error {
	g := v.intent(*p, had, w, d)
	if d.act == actNone {
		return v.rest(ctx, *p, had, g, w, d)
	}
	if err := v.link(ctx, p.access.ID); err != nil {
		return err
	}
	if v.overtaken {
		return errOvertaken()
	}
	if err := v.Store.KeepGrant(ctx, v.site.Name, g, p.lease); err != nil {
		return err
	}
	v.met = true
	if err := v.write(ctx, *p, d, noteFor(p.access, w, wanted, v.Now())); err != nil {
		return err
	}
	v.did = d.act
	return v.confirm(ctx, p, g, d)
}

// rest records what Ghost has, where nothing is to be written.
func (v *visit) rest(ctx context.Context, p person, had, g store.Grant, w want, d decision) error {
	known := had.MemberID != ""
	switch {
	case d.forget && known:
		return v.Store.DropGrant(ctx, v.site.Name, p.access.ID, p.lease)
	case d.state != "" || w.tierID == "":
		return nil
	case had.TierID == g.TierID && had.ExpiryAt.Equal(g.ExpiryAt) && had.Confirmed && !had.Revoked:
		return nil
	}
	g.Previous, g.Confirmed = nil, true
	return v.Store.KeepGrant(ctx, v.site.Name, g, p.lease)
}

// intent is what is recorded before a write. Of what is taken, the tier stays on
// record: until Ghost has taken it, it is known by that.
func (v *visit) intent(p person, had store.Grant, w want, d decision) store.Grant {
	g := had
	g.MemberID, g.At, g.Confirmed = p.access.ID, v.Now(), false
	if d.act == actRevoke || d.act == actRestore {
		g.Revoked = true
		return g
	}
	g.Previous = oursIn(p.access, had)
	g.Revoked = d.act == actExpire
	if !g.Revoked {
		g.Tier, g.Before = w.slug, d.before
	}
	g.TierID, g.ExpiryAt = cmp.Or(d.tierID, w.tierID), cmp.Or(d.until, w.until)
	return g
}

// oursIn is the comp of ours that Ghost has.
func oursIn(a ghost.Access, had store.Grant) *store.Comp {
	s := situation{access: a, grant: had}
	for _, t := range a.Tiers {
		if s.isOurs(t) {
			return &store.Comp{TierID: t.ID, ExpiryAt: ghost.WholeSecond(t.ExpiryAt)}
		}
	}
	return nil
}

func (v *visit) write(ctx context.Context, p person, d decision, note string) error {
	g, id := v.site.Ghost, p.access.ID
	switch d.act {
	case actGrant:
		return g.GrantTier(ctx, id, d.tierID, d.until, note)
	case actRegrant:
		if err := g.RevokeTiers(ctx, id, ""); err != nil {
			return err
		}
		return g.GrantTier(ctx, id, d.tierID, d.until, note)
	case actRevoke:
		return g.RevokeTiers(ctx, id, note)
	case actExpire:
		return g.ExpireTier(ctx, id, d.tierID, d.until, note)
	case actRestore:
		return g.RestoreTier(ctx, id, d.tierID, d.until, note)
	case actNone:
	}
	return nil
}

// confirm reads the member back: Ghost answers 200 also to what it does not do.
func (v *visit) confirm(ctx context.Context, p *person, g store.Grant, d decision) error {
	a, err := v.site.Ghost.AccessByID(ctx, p.access.ID)
	if err != nil {
		return err
	}
	if why := differs(a, d, v.Now()); why != "" {
		v.ghosts[v.site.Name].forget()
		return jobs.WithCode(fmt.Errorf("%w: %s", errReadBack, why), codeReadBack)
	}
	p.access = a
	if d.forget {
		return v.Store.DropGrant(ctx, v.site.Name, a.ID, p.lease)
	}
	g.Confirmed, g.Previous = true, nil
	return v.Store.KeepGrant(ctx, v.site.Name, g, p.lease)
}

// differs says how a member differs from what was written, "" if in nothing.
func differs(a ghost.Access, d decision, now time.Time) string {
	held, has := a.Held(d.tierID)
	switch d.act {
	case actRevoke:
		if a.Status != "free" || len(a.Tiers) > 0 {
			return fmt.Sprintf("the member is %s with %d tiers, and should be free with none", a.Status, len(a.Tiers))
		}
		return ""
	case actExpire:
		if has && (held.ExpiryAt.IsZero() || held.ExpiryAt.After(now)) {
			return "the tier has not ended"
		}
		return ""
	case actNone, actGrant, actRegrant, actRestore:
	}
	switch {
	case a.Status != "comped":
		return "the member is " + a.Status + ", and should be comped"
	case !has || len(a.Tiers) != 1:
		return fmt.Sprintf("the member has %d tiers, and should have one", len(a.Tiers))
	case !ghost.WholeSecond(held.ExpiryAt).Equal(ghost.WholeSecond(d.until)):
		return "the tier ends at another time"
	}
	return ""
}

// notePrefix begins the one line that ghostcm has in a member's note.
const notePrefix = "ghostcm: "

func noteOf(w want, wanted payment.Wanted) string {
	return fmt.Sprintf("%s until %s (%s)", w.slug, w.until.Format(time.DateOnly), wanted.By)
}

// noteFor is the member's note with our line in it; "" leaves it as it is.
func noteFor(a ghost.Access, w want, wanted payment.Wanted, now time.Time) string {
	line := "ended " + now.UTC().Format(time.DateOnly)
	if w.tierID != "" {
		line = noteOf(w, wanted)
	}
	if with := ghost.Noted(a.Note, notePrefix, line); with != a.Note {
		return strings.ToValidUTF8(with, "")
	}
	return ""
}
