// Package entitlement turns what payment providers say into access in Ghost. A
// delivery's job (payment) brings what it tells into the ledger; an entitlement's
// job (access) brings its person's access in Ghost to what the ledger asks for,
// whenever it runs and however often. The sweeper finds what was lost, what is
// due by time, and what may go on since a setting changed or Ghost is back.
//
// It promises that nothing that was acknowledged is lost or granted twice, that
// access which it did not give is never touched, and that whatever cannot be
// done is a state with its reason and remedy, or a dead letter that comes back.
// It leaves reading, verifying and deciding to package payment, keeping to
// package store, and the carrying of jobs to package jobs.
package entitlement

import (
	"context"
	"log/slog"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// The kinds of jobs.
const (
	KindPayment = "payment" // its key is the id of a delivery
	KindAccess  = "access"  // its key is the id of an entitlement
)

// Kinds names the kinds of jobs that a Flow does.
func Kinds() []string { return []string{KindPayment, KindAccess} }

// Site is a publication that sells access.
type Site struct {
	Name  string
	Ghost *ghost.Client
	// Proofs are, by provider, what shows that a delivery is genuine, several while
	// rotating. A provider that is not in it is not configured.
	Proofs map[string][]string
	// Mapping is what the site's purchases give.
	Mapping payment.Mapping
	// Mail is whether Ghost sends a sign-in mail to a member that a purchase creates.
	Mail bool
}

// Alerts is told of what needs a person; alert.Alerts is one.
type Alerts interface {
	UnmappedPurchase(site, provider, product string)
	NeedsAttention(site, code string)
}

// Options is what a Flow is made of. All but Metrics and Alerts are required.
type Options struct {
	Store *store.Store
	Queue *jobs.Queue
	Sites []Site
	// Retries are the waits after each failed attempt; then comes the dead letter.
	Retries []time.Duration
	// KeepDead is how long the body of a delivery is kept that became a dead letter.
	KeepDead time.Duration
	// Prove asks the provider whether it made a delivery: nil, *payment.Refused, or why
	// that could not be told. Who asks Paddle, or any, who a customer is.
	Prove func(ctx context.Context, d store.PaymentDelivery, proofs []string) error
	Who   func(ctx context.Context, site, provider, customerID string) (payment.Customer, bool, error)
	// TestEvents is whether events of a sandbox are taken as if they were real.
	TestEvents bool
	Log        *slog.Logger
	Metrics    *metrics.Metrics
	Alerts     Alerts
	Now        func() time.Time
}

// Flow does jobs of KindPayment and KindAccess, and sweeps.
type Flow struct {
	Options
	sites  map[string]*Site
	ghosts map[string]*catalogue // by site
	turns  *turns
}

// New makes a flow; it touches nothing outside.
func New(o Options) *Flow {
	f := &Flow{Options: o, sites: map[string]*Site{}, ghosts: map[string]*catalogue{}, turns: newTurns(len(o.Sites))}
	for i := range o.Sites {
		f.sites[o.Sites[i].Name] = &o.Sites[i]
		f.ghosts[o.Sites[i].Name] = &catalogue{}
	}
	return f
}

// Kinds is how the job layer runs the flow's jobs.
func (f *Flow) Kinds() []jobs.Kind {
	return []jobs.Kind{f.turns.inTurn(f.paymentKind(), f.putOffDelivery), f.turns.inTurn(f.accessKind(), f.putOffAccess)}
}
