package program

import (
	"context"
	"errors"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/store"
)

// ErrNobody says that a Ghost has no such member.
var ErrNobody = errors.New("no such member")

// Desk is where an operator settles purchases.
func (p *Program) Desk() entitlement.Desk { return entitlement.Desk{Store: p.Store, Queue: p.Queue} }

// MemberOf asks a site's Ghost for a member by the id or the address, and returns
// the id. The error is ErrNobody, ErrNoAdmin, or Ghost's.
func (p *Program) MemberOf(ctx context.Context, site, whom string) (id string, err error) {
	at, err := p.siteCalled(site)
	switch {
	case err != nil:
		return "", err
	case at.Ghost == nil:
		return "", ErrNoAdmin
	}
	if ghost.ValidID(whom) {
		facts, err := at.Ghost.Member(ctx, whom)
		if errors.Is(err, ghost.ErrNotFound) {
			return "", ErrNobody
		}
		return facts.ID, err
	}
	facts, found, err := at.Ghost.MemberByEmail(ctx, member.AddressKey(whom))
	if err == nil && !found {
		err = ErrNobody
	}
	return facts.ID, err
}

// What the activity says of what operators do with purchases.
const (
	eventLink      = "payments.link"
	eventRetry     = "payments.retry"
	outcomeLinked  = "linked"
	outcomeRetried = "asked" // to be looked at again
)

// LinkPurchase gives an entitlement to a member, and writes in the activity who did
// that. It returns the entitlement as it was.
func (p *Program) LinkPurchase(ctx context.Context, who, site, id, memberID string) (was payment.Entitlement, err error) {
	if was, err = p.Desk().Link(ctx, site, id, memberID); err != nil {
		return was, err
	}
	return was, p.noteDone(ctx, store.Activity{
		At: time.Now(), Site: site, Event: eventLink, Outcome: outcomeLinked, Who: who, MemberID: memberID,
		EmailHash: hashOf(was.Email()), EventIDs: []string{id},
	})
}

// NotLinked says why MemberOf has found nobody, without the address that was typed.
func NotLinked(site, whom string, err error) string {
	failure, isGhost := errors.AsType[*ghost.Error](err)
	switch {
	case errors.Is(err, ErrNobody) && ghost.ValidID(whom):
		return "Ghost of " + site + " has no member with this id"
	case errors.Is(err, ErrNobody):
		return "Ghost of " + site + " has no member with this address (" + member.AddressHash(whom) + "); let them sign up first"
	case isGhost && failure.Kind() == ghost.Credentials:
		return "Ghost refused the credentials"
	}
	return err.Error()
}

// noteDone writes to the activity what was done, also if whoever asked for it is gone.
func (p *Program) noteDone(ctx context.Context, entries ...store.Activity) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	return p.Store.Note(ctx, entries...)
}

// Backfill reads the books of every provider of whom a site has a key.
func (p *Program) Backfill() *entitlement.Backfill {
	o := entitlement.BackfillOptions{
		Ledger: p.Store, Turns: p.Store, Intake: entitlement.Intake{Store: p.Store, Queue: p.Queue},
		TestEvents: p.opt.Config.Payment.TestEvents, Log: p.opt.Log, Now: time.Now,
	}
	for _, s := range p.opt.Config.Sites {
		for _, of := range s.Payments.Providers {
			if of.APIKey.IsSet() && provider.CanBackfill(of.Name) {
				open := func() (entitlement.Books, error) { return p.books(of) }
				o.Shops = append(o.Shops, entitlement.Shop{Site: s.Name, Provider: of.Name, Books: open})
			}
		}
	}
	return entitlement.NewBackfill(o)
}

// books opens a provider's books for one reading.
func (p *Program) books(of config.Provider) (*provider.History, error) {
	c := p.opt.Config
	return provider.NewHistory(of.Name, provider.HistoryOptions{
		Key: of.APIKey.Reveal(), HTTP: egress.Client(c.OutboundPolicy(), egress.Options{Timeout: upstreamTimeout, Connections: 2}),
		Now: time.Now, Sandbox: c.Payment.TestEvents, URL: p.opt.ProviderURLs[of.Name],
	})
}

// keepBackfill reads the books on their schedule until ctx ends. The stop that it
// returns waits for readings under way, which end with ctx.
func (p *Program) keepBackfill(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	backfill := p.Backfill()
	go func() {
		defer close(ended)
		backfill.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}
