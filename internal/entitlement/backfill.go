package entitlement

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Books are what a provider knows of its sales; *provider.History is one.
type Books interface {
	// Since gives what was sold and changed since then; an error is the last it gives.
	Since(ctx context.Context, since time.Time) iter.Seq2[provider.Record, error]
}

// Shop is a site's account with a provider that can be asked what was sold.
type Shop struct {
	Site, Provider string
	// Books opens the provider's books for one reading.
	Books func() (Books, error)
}

// Ledger is what a backfill asks whether it knows a sale already; *store.Store is one.
type Ledger interface {
	Entitlement(ctx context.Context, site, id string) (v store.Versioned, found bool, err error)
}

// Turns gives one process at a time the reading of a shop's books; *store.Store is one.
type Turns interface {
	ClaimBackfill(ctx context.Context, site, provider string, every time.Duration, who string, now bool) (store.BackfillTurn, error)
	RenewBackfill(ctx context.Context, site, provider, who string) (bool, error)
	FinishBackfill(ctx context.Context, site, provider, who string, end store.BackfillEnd) (bool, error)
}

// BackfillOptions is what a Backfill is made of. All are required.
type BackfillOptions struct {
	Ledger Ledger
	Turns  Turns
	Intake Intake
	Shops  []Shop
	// TestEvents is whether sales of a sandbox are taken as if they were real.
	TestEvents bool
	Log        *slog.Logger
	Now        func() time.Time
}

// Backfill reads providers' books and brings what no webhook told onto the road
// that webhooks take. Whoever was sold something so gets no sign-in mail.
type Backfill struct{ BackfillOptions }

// NewBackfill makes a backfill; it touches nothing outside.
func NewBackfill(o BackfillOptions) *Backfill { return &Backfill{o} }

// Found is what a reading of the books came to.
type Found struct {
	Read    int // records that say something of access
	Fresh   int // of these, those that the ledger did not know
	Test    int // sales of a sandbox, which are not taken
	Ignored int // records that say nothing of access
}

// Errors of a reading that did not begin, or did not end.
var (
	// ErrBusy says that another process is reading these books.
	ErrBusy = errors.New("the provider's books are being read already")
	// ErrNoBooks says that the site has no key for the provider's API.
	ErrNoBooks = errors.New("the site has no API key of this provider")
	errTaken   = errors.New("the reading took too long, and another process has begun anew")
)

// Look is one reading of a shop's books on demand.
type Look struct {
	Site, Provider string
	Since          time.Time
	Who            string // for others who want to read meanwhile
	// DryRun counts only.
	DryRun bool
	// Tell is told how far it is, now and then; nil is nobody.
	Tell func(Found)
}

// Read reads the books now. It returns what it found until an error, too: what was
// taken stays taken. The error is ErrBusy, ErrNoBooks, a *provider.Error, one of
// Redis, or that of ctx.
func (b *Backfill) Read(ctx context.Context, l Look) (Found, error) {
	shop, ok := b.shop(l.Site, l.Provider)
	if !ok {
		return Found{}, ErrNoBooks
	}
	turn, err := b.Turns.ClaimBackfill(ctx, l.Site, l.Provider, backfillEvery, l.Who, true)
	if err != nil {
		return Found{}, err
	}
	if !turn.Ours {
		return Found{}, ErrBusy
	}
	return b.read(ctx, reading{Backfill: b, Shop: shop, Look: l, known: turn.Through})
}

func (b *Backfill) shop(site, provider string) (Shop, bool) {
	for _, s := range b.Shops {
		if s.Site == site && s.Provider == provider {
			return s, true
		}
	}
	return Shop{}, false
}

// reading is one reading under way.
type reading struct {
	*Backfill
	Shop
	Look
	known   time.Time // until when the books were known before
	found   Found
	renewed time.Time
}

// read does a reading whose turn is ours, and ends the turn.
func (b *Backfill) read(ctx context.Context, r reading) (Found, error) {
	begun := b.Now()
	r.renewed = begun
	err := r.all(ctx)
	end := store.BackfillEnd{OK: err == nil, Read: r.found.Read, Fresh: r.found.Fresh, Next: backfillEvery}
	switch {
	case err != nil:
		end.Reason, end.Next = err.Error(), nextAfter(err)
	case !r.DryRun && !r.Since.After(r.reaches(begun)):
		end.Through = begun // nothing is left out between what was known and now
	}
	// It ends also when ctx has: nobody else could begin for a quarter of an hour.
	if _, finish := b.Turns.FinishBackfill(context.WithoutCancel(ctx), r.Look.Site, r.Look.Provider, r.Who, end); err == nil {
		err = finish
	}
	return r.found, err
}

// reaches is from when on a reading leaves no gap.
func (r *reading) reaches(now time.Time) time.Time {
	if r.known.IsZero() {
		return now.Add(-firstReach)
	}
	return r.known
}

func (r *reading) all(ctx context.Context) error {
	books, err := r.Books()
	if err != nil {
		return err
	}
	for record, err := range books.Since(ctx, r.Since) {
		if err != nil {
			return err
		}
		if err := r.take(ctx, record); err != nil {
			return err
		}
		if err := r.renew(ctx); err != nil {
			return err
		}
	}
	return nil
}

// take brings a record to the ledger, unless that has it.
func (r *reading) take(ctx context.Context, record provider.Record) error {
	d := store.PaymentDelivery{
		ID: store.PaymentDeliveryID(r.Look.Provider, string(record.Body)), Site: r.Look.Site, Provider: r.Look.Provider, Body: record.Body,
		Header: map[string]string{"content-type": "application/json"}, ContentType: "application/json",
		ReceivedAt: r.Now(), Source: store.FromBackfill,
	}
	// What cannot be read is taken all the same, and becomes a dead letter that says why.
	events, err := payment.Normalise(d.Provider, d.Body, d.HeaderValue, d.ReceivedAt)
	if err == nil {
		switch {
		case r.allOf(events, func(e payment.Event) bool { return e.Action == payment.ActionIgnore }):
			r.found.Ignored++
			return nil
		case !r.allOf(events, func(e payment.Event) bool { return e.Real(r.TestEvents) }):
			r.found.Test++
			return nil
		}
	}
	r.found.Read++
	known, err := r.knows(ctx, events)
	if err != nil || known {
		return err
	}
	if r.DryRun {
		r.found.Fresh++
		return nil
	}
	fresh, err := r.Intake.Accept(ctx, d, eventType(events))
	if fresh {
		r.found.Fresh++
	}
	return err
}

func eventType(events []payment.Event) string {
	if len(events) == 0 {
		return ""
	}
	return events[0].Type
}

func (r *reading) allOf(events []payment.Event, is func(payment.Event) bool) bool {
	for _, e := range events {
		if !is(e) {
			return false
		}
	}
	return true
}

// knows is whether the ledger has every one of the events, by whatever road it came.
func (r *reading) knows(ctx context.Context, events []payment.Event) (bool, error) {
	for _, e := range events {
		if e.Subject.ID == "" {
			return false, nil // a contact, or a payment by another name: the job finds out
		}
		v, found, err := r.Ledger.Entitlement(ctx, r.Look.Site, payment.EntitlementID(e.Provider, e.Subject))
		if err != nil || !found || !heardOf(v.Entitlement, e) {
			return false, err
		}
	}
	return len(events) > 0, nil
}

func heardOf(known payment.Entitlement, e payment.Event) bool {
	for _, entry := range known.History {
		if entry.EventID == e.ID || entry.Key != "" && entry.Key == e.Key {
			return true
		}
	}
	return false
}

// renew shows now and then that the reading lives.
func (r *reading) renew(ctx context.Context) error {
	if r.Now().Sub(r.renewed) < renewEvery {
		return nil
	}
	if r.renewed = r.Now(); r.Tell != nil {
		r.Tell(r.found)
	}
	ours, err := r.Turns.RenewBackfill(ctx, r.Look.Site, r.Look.Provider, r.Who)
	if err == nil && !ours {
		err = errTaken
	}
	return err
}
