package entitlement_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/provider/providertest"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// shop is a site that sells by Polar, whose books can be read.
type shop struct {
	*entitlement.Backfill
	t     *testing.T
	store *store.Store
	books *providertest.Books
	now   time.Time
	log   *lockedText
}

// lockedText is a log that may be read while it is written.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, now: time.Now().UTC().Truncate(time.Second), log: &lockedText{}}
	client, err := store.Open(store.Options{URL: redistest.Start(t), Timeouts: store.WorkerTimeouts()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	s.store = store.New(client, time.Now)
	s.books = providertest.RunBooks(t, payment.Polar, time.Now)
	s.Backfill = entitlement.NewBackfill(entitlement.BackfillOptions{
		Ledger: s.store, Turns: s.store, Intake: entitlement.Intake{Store: s.store, Queue: jobs.NewQueue(client)},
		Shops: []entitlement.Shop{{Site: "blog", Provider: payment.Polar, Books: s.open}},
		Log:   slog.New(slog.NewTextHandler(io.Writer(s.log), nil)), Now: time.Now,
	})
	return s
}

func (s *shop) open() (entitlement.Books, error) {
	return provider.NewHistory(payment.Polar, provider.HistoryOptions{
		Key: "key-of-polar", HTTP: http.DefaultClient, URL: s.books.URL,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
}

// sell puts a paid order into the books.
func (s *shop) sell(id string, at time.Time) {
	s.books.Put("orders", fmt.Sprintf(`{"id":%q,"created_at":%q,"modified_at":null,"paid":true,"status":"paid","total_amount":1000,
		"currency":"usd","billing_reason":"purchase","product_id":"prod_1","subscription_id":null,"metadata":{},
		"customer_id":"cus_1","customer":{"id":"cus_1","email":"jo@example.org","name":"Jo","metadata":{}}}`, id, at.Format(time.RFC3339)))
}

func (s *shop) read(l entitlement.Look) entitlement.Found {
	s.t.Helper()
	l.Site, l.Provider, l.Who = "blog", payment.Polar, "a test"
	found, err := s.Read(s.t.Context(), l)
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// deliveries are all that wait for the ledger.
func (s *shop) deliveries() (all []store.PaymentDelivery) {
	s.t.Helper()
	refs, err := s.store.ClaimDeliveries(s.t.Context(), s.now.Add(time.Hour), s.now, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, ref := range refs {
		d, found, err := s.store.Delivery(s.t.Context(), ref.Site, ref.ID)
		if err != nil || !found {
			s.t.Fatalf("%+v: %v", ref, err)
		}
		all = append(all, d)
	}
	return all
}

func TestABackfillFindsASaleWhoseWebhookNeverCame(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell("order-1", s.now.Add(-time.Hour))
	s.sell("order-0", s.now.Add(-100*time.Hour))
	look := entitlement.Look{Since: s.now.Add(-24 * time.Hour)}

	look.DryRun = true
	if found := s.read(look); found.Fresh != 1 || len(s.deliveries()) != 0 {
		t.Errorf("a dry run: %+v and %d deliveries", found, len(s.deliveries()))
	}
	look.DryRun = false
	if found := s.read(look); found.Fresh != 1 || found.Read != 1 {
		t.Errorf("the first time: %+v", found)
	}
	got := s.deliveries()
	if len(got) != 1 || got[0].Source != store.FromBackfill || got[0].Provider != payment.Polar {
		t.Fatalf("%+v", got)
	}
	events, err := payment.Normalise(got[0].Provider, got[0].Body, got[0].HeaderValue, got[0].ReceivedAt)
	if err != nil || len(events) != 1 || events[0].Action != payment.ActionGrant || events[0].Subject.ID != "order-1" {
		t.Errorf("%+v, %v", events, err)
	}
	if found := s.read(look); found.Fresh != 0 || found.Read != 1 || len(s.deliveries()) != 1 {
		t.Errorf("the second time: %+v", found)
	}
}

func TestABackfillLeavesAloneWhatAWebhookTold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	at := s.now.Add(-time.Hour)
	s.sell("order-1", at)
	// As its webhook told it, in other bytes, at another time, with an id of its own.
	body := fmt.Sprintf(`{"type":"order.paid","timestamp":%q,"data":{"id":"order-1","created_at":%q,"paid":true,"status":"paid",
		"product_id":"prod_1","billing_reason":"purchase","customer":{"id":"cus_1","email":"jo@example.org"}}}`,
		at.Add(3*time.Second).Format(time.RFC3339), at.Format(time.RFC3339))
	events, err := payment.Normalise(payment.Polar, []byte(body), func(string) string { return "msg_1" }, s.now)
	if err != nil {
		t.Fatal(err)
	}
	e := payment.Entitlement{Site: "blog"}
	e.Merge(events[0])
	if _, saved, err := s.store.SaveEntitlement(t.Context(), e, ""); !saved || err != nil {
		t.Fatalf("%t, %v", saved, err)
	}
	if found := s.read(entitlement.Look{Since: s.now.Add(-24 * time.Hour)}); found.Read != 1 || found.Fresh != 0 || len(s.deliveries()) != 0 {
		t.Errorf("%+v and %d deliveries", found, len(s.deliveries()))
	}
}

func TestTwoProcessesDoNotReadTheSameBooksAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if turn, err := s.store.ClaimBackfill(t.Context(), "blog", payment.Polar, time.Hour, "another", true); !turn.Ours || err != nil {
		t.Fatalf("%+v, %v", turn, err)
	}
	_, err := s.Read(t.Context(), entitlement.Look{Site: "blog", Provider: payment.Polar, Who: "me"})
	if !errors.Is(err, entitlement.ErrBusy) {
		t.Errorf("%v", err)
	}
	if _, err := s.Read(t.Context(), entitlement.Look{Site: "blog", Provider: payment.Stripe}); !errors.Is(err, entitlement.ErrNoBooks) {
		t.Errorf("a shop without a key: %v", err)
	}
}

func TestAReadingThatFailedIsToldAndLeavesNoGap(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.books.ChangeKey("another-key")
	_, err := s.Read(t.Context(), entitlement.Look{Site: "blog", Provider: payment.Polar, Since: s.now.Add(-96 * time.Hour), Who: "me"})
	if provider.KindOf(err) != provider.Credentials {
		t.Fatalf("%v", err)
	}
	if got := s.standing(); got.OK || got.Reason == "" || strings.Contains(got.Reason, "key-of-polar") || !got.Through.IsZero() {
		t.Errorf("%+v", got)
	}
	s.books.ChangeKey("key-of-polar")
	// The last hour alone is no reason to forget the days before.
	s.read(entitlement.Look{Since: s.now.Add(-time.Hour)})
	if got := s.standing(); !got.OK || !got.Through.IsZero() {
		t.Errorf("after a reading of the last hour: %+v", got)
	}
	s.read(entitlement.Look{Since: s.now.Add(-96 * time.Hour)})
	if got := s.standing(); got.Through.Before(s.now) {
		t.Errorf("after all was read: %+v", got)
	}
}

func (s *shop) standing() store.Backfill {
	s.t.Helper()
	got, err := s.store.Backfill(s.t.Context(), "blog", payment.Polar)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func TestTheScheduleReadsTheBooksOfTheLastDaysByItself(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell("order-1", s.now.Add(-50*time.Hour))
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	defer running.Wait()
	defer stop()
	for patience := time.Now().Add(time.Minute); s.standing().Last.IsZero(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(patience) {
			t.Fatal("the schedule read nothing")
		}
	}
	if got := s.standing(); !got.OK || got.Fresh != 1 || got.Next.Before(s.now.Add(50*time.Minute)) || len(s.deliveries()) != 1 {
		t.Errorf("%+v", got)
	}
	if text := s.log.String(); strings.Contains(text, "example.org") || !strings.Contains(text, "backfill.found") {
		t.Errorf("the log: %s", text)
	}
}
