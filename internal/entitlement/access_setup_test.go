package entitlement_test

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// desk is a site that sells two tiers, gold above silver, with a clock of its own.
type desk struct {
	t *testing.T
	*entitlement.Flow
	ghost        *ghosttest.Server
	store        *store.Store
	redisURL     string
	gold, silver string // ids
	log          *lockedText

	mu    sync.Mutex
	now   time.Time
	alarm []string
}

// both are the two kinds of Ghost.
func both(t *testing.T, test func(t *testing.T, stripe bool)) {
	t.Helper()
	for name, stripe := range map[string]bool{"with Stripe": true, "without Stripe": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, stripe)
		})
	}
}

func newDesk(t *testing.T, o ghosttest.Options) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), log: &lockedText{}}
	o.Now, o.Sync = d.clock, true
	d.ghost = ghosttest.Run(t, o)
	d.gold, d.silver = d.ghost.AddTier("Gold", "gold"), d.ghost.AddTier("Silver", "silver")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := ghost.New(ghost.Options{
		URL: d.ghost.URL(), AdminKey: d.ghost.AdminKey(), HTTP: &http.Client{Transport: transport}, Now: d.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.redisURL = redistest.Start(t)
	redis, err := store.Open(store.Options{URL: d.redisURL, Timeouts: store.WorkerTimeouts()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { redis.Close() })
	d.store = store.New(redis, d.clock)
	product := func(id, tier string, length time.Duration) payment.Product {
		return payment.Product{ID: id, Tier: tier, Length: length}
	}
	d.Flow = entitlement.New(entitlement.Options{
		Store: d.store, Queue: jobs.NewQueue(redis), Retries: []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour},
		Sites: []entitlement.Site{{Name: "blog", Ghost: client, Mail: true, Mapping: payment.Mapping{
			Products: []payment.Product{
				product("prod_gold", "gold", 0), product("prod_silver", "silver", 0), product("prod_month", "silver", 30*day),
				product("prod_lost", "platinum", 0),
			},
			Tiers: []string{"gold", "silver", "platinum"}, Grace: 7 * day,
		}}},
		Log: slog.New(slog.NewTextHandler(io.MultiWriter(d.log), &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: d.clock, Alerts: d,
	})
	return d
}

const day = 24 * time.Hour

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// UnmappedPurchase and NeedsAttention are what alarms are for.
func (d *desk) UnmappedPurchase(_, provider, product string) {
	d.ring("unmapped " + provider + " " + product)
}

// NeedsAttention is the other one.
func (d *desk) NeedsAttention(_, code string) { d.ring("attention " + code) }

func (d *desk) ring(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.alarm = append(d.alarm, what)
}

// sub is an event of a subscription, by Polar unless changed.
func (d *desk) sub(id, product, email string, a payment.Action, change ...func(*payment.Event)) payment.Event {
	ev := payment.Event{
		Provider: payment.Polar, ID: "evt_" + id + string(a) + d.clock().String(), Type: "subscription", Action: a,
		Subject: payment.Subject{Kind: payment.Subscription, ID: id}, Products: []string{product},
		Customer: payment.Customer{Email: email, Name: "Jo"}, OccurredAt: d.clock(),
	}
	if a == payment.ActionGrant || a == payment.ActionExtend {
		ev.PeriodEnd, ev.Paid, ev.Renews = d.clock().Add(30*day), true, true
	}
	for _, c := range change {
		c(&ev)
	}
	return ev
}

// tell merges an event into the ledger, and returns its entitlement's id.
func (d *desk) tell(ev payment.Event) string {
	d.t.Helper()
	id := payment.EntitlementID(ev.Provider, ev.Subject)
	for {
		v, _, err := d.store.Entitlement(d.t.Context(), "blog", id)
		if err != nil {
			d.t.Fatal(err)
		}
		v.Entitlement.Site = "blog"
		v.Entitlement.Merge(ev)
		_, saved, err := d.store.SaveEntitlement(d.t.Context(), v.Entitlement, v.Version)
		if err != nil {
			d.t.Fatal(err)
		}
		if saved {
			return id
		}
	}
}

// do runs an access job once.
func (d *desk) do(id string) error {
	d.t.Helper()
	return d.attempt(jobs.Job{ID: "job", Kind: entitlement.KindAccess, Site: "blog", Key: id, Attempt: 1, ReceivedAt: d.clock()})
}

func (d *desk) attempt(job jobs.Job) error {
	return d.kind().Handle(d.t.Context(), job)
}

func (d *desk) kind() jobs.Kind {
	kinds := d.Kinds()
	return kinds[slices.IndexFunc(kinds, func(k jobs.Kind) bool { return k.Name == entitlement.KindAccess })]
}

// settle tells an event and has it settled.
func (d *desk) settle(ev payment.Event) payment.Entitlement {
	d.t.Helper()
	id := d.tell(ev)
	if err := d.do(id); err != nil {
		d.t.Fatalf("%s: %v", id, err)
	}
	return d.read(id)
}

func (d *desk) again(id string) payment.Entitlement {
	d.t.Helper()
	if err := d.do(id); err != nil {
		d.t.Fatalf("%s: %v", id, err)
	}
	return d.read(id)
}

func (d *desk) read(id string) payment.Entitlement {
	d.t.Helper()
	v, found, err := d.store.Entitlement(d.t.Context(), "blog", id)
	if err != nil || !found {
		d.t.Fatalf("%s: %v %v", id, found, err)
	}
	return v.Entitlement
}

// wants says that an entitlement is in a state.
func (d *desk) wants(e payment.Entitlement, state payment.State) {
	d.t.Helper()
	if e.Outcome.State != state {
		d.t.Errorf("%s is %s (%s), want %s", e.ID, e.Outcome.State, e.Outcome.Reason, state)
	}
	if state == payment.StateNeedsAttention && (e.Outcome.Reason == "" || e.Outcome.Remedy == "") {
		d.t.Errorf("%s needs attention without a reason or a remedy: %+v", e.ID, e.Outcome)
	}
}

// member is one of Ghost's by the address.
func (d *desk) member(email string) ghosttest.Member {
	d.t.Helper()
	for _, m := range d.ghost.Members() {
		if m.Email == email {
			return m
		}
	}
	return ghosttest.Member{}
}

func (d *desk) add(m ghosttest.Member) ghosttest.Member {
	d.t.Helper()
	m, err := d.ghost.AddMember(m)
	if err != nil {
		d.t.Fatal(err)
	}
	return m
}

// has says what a member of Ghost's has, as "comped Gold until 2026-12-29".
func (d *desk) has(email string) string {
	m := d.member(email)
	if m.ID == "" {
		return "nobody"
	}
	out := m.Status
	for _, g := range m.Tiers {
		out += " " + g.Tier
		if !g.ExpiresAt.IsZero() {
			out += " until " + g.ExpiresAt.UTC().Format(time.DateOnly)
		}
	}
	return out
}

func (d *desk) wantsMember(email, want string) {
	d.t.Helper()
	if got := d.has(email); got != want {
		d.t.Errorf("the member is %q, want %q", got, want)
	}
}

// fails makes the n-th request from now on fail, counted from 0.
func (d *desk) fails(n int, f ghosttest.Fault) {
	faults := make([]ghosttest.Fault, n+1)
	for i := range faults {
		faults[i] = ghosttest.Fault{CutAfter: 1 << 30} // which is no fault
	}
	faults[n] = f
	d.ghost.FailNext(faults...)
}
