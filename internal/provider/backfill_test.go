package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/provider/providertest"
)

// The clock of these tests, and since when they ask.
var (
	testNow   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	testSince = testNow.Add(-48 * time.Hour)
)

// clock is a time that passes only while somebody waits.
type clock struct{ waited time.Duration }

func (c *clock) now() time.Time { return testNow.Add(c.waited) }

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.waited += d
	return ctx.Err()
}

func history(t *testing.T, b *providertest.Books, name string, edit func(*provider.HistoryOptions)) (*provider.History, *clock) {
	t.Helper()
	c := &clock{}
	o := provider.HistoryOptions{Key: b.Key, HTTP: http.DefaultClient, Now: c.now, URL: b.URL, Wait: c.wait}
	if edit != nil {
		edit(&o)
	}
	h, err := provider.NewHistory(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return h, c
}

// collect reads all, by what identifies a record in these tests.
func collect(t *testing.T, h *provider.History, since time.Time) (ids []string, err error) {
	t.Helper()
	for r, err := range h.Since(t.Context(), since) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, name(t, r))
	}
	slices.Sort(ids)
	return ids, nil
}

// name is the type of an event and the id of what it is about, or its own.
func name(t *testing.T, r provider.Record) string {
	t.Helper()
	var e struct {
		ID      string `json:"id"`
		EventID string `json:"event_id"`
		Type    string `json:"type"`
		Meta    struct {
			Event string `json:"event_name"`
		} `json:"meta"`
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(r.Body, &e); err != nil {
		t.Fatalf("a record is no JSON: %v", err)
	}
	if e.ID+e.EventID != "" {
		return e.ID + e.EventID
	}
	return e.Type + e.Meta.Event + " " + e.Data.ID
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// sale is the smallest record of a provider that has the form of the real one.
func sale(provider string, n int, at time.Time) (list, record string) {
	switch provider {
	case "stripe":
		return "events", fmt.Sprintf(`{"id":"evt_%04d","object":"event","type":"invoice.paid","created":%d,"data":{"object":{}}}`, n, at.Unix())
	case "paddle":
		return "events", fmt.Sprintf(`{"event_id":"evt_%04d","event_type":"transaction.completed","occurred_at":%q,"data":{}}`, n, stamp(at))
	case "paypal":
		return "events", fmt.Sprintf(`{"id":"WH-%04d","event_type":"PAYMENT.SALE.COMPLETED","create_time":%q,"resource":{}}`, n, stamp(at))
	case "polar":
		return "orders", fmt.Sprintf(`{"id":"order-%04d","created_at":%q,"paid":true}`, n, stamp(at))
	}
	return "orders", fmt.Sprintf(`{"type":"orders","id":"%d","attributes":{"status":"paid","created_at":%q,"updated_at":%q}}`, n, stamp(at), stamp(at))
}

func TestAllThatWasSoldSinceATimeIsReadPageByPage(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Backfillable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := providertest.RunBooks(t, name, func() time.Time { return testNow })
			for n := range 450 {
				list, record := sale(name, n, testSince.Add(time.Duration(n)*time.Minute))
				b.Put(list, record)
			}
			list, old := sale(name, 9999, testSince.Add(-time.Minute))
			b.Put(list, old)
			h, _ := history(t, b, name, nil)
			ids, err := collect(t, h, testSince)
			if err != nil || len(ids) != 450 || len(slices.Compact(ids)) != 450 {
				t.Errorf("%d records, %v", len(ids), err)
			}
		})
	}
}

func TestATurnedAwayReaderWaitsAsLongAsItIsToldAndGoesOn(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Backfillable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := providertest.RunBooks(t, name, func() time.Time { return testNow })
			b.Put(sale(name, 1, testNow.Add(-time.Hour)))
			b.Refuse(2, http.StatusTooManyRequests, "30")
			b.Refuse(1, http.StatusBadGateway, "")
			h, c := history(t, b, name, nil)
			ids, err := collect(t, h, testSince)
			if err != nil || len(ids) != 1 || c.waited < time.Minute {
				t.Errorf("%v, %v after %v", ids, err, c.waited)
			}
		})
	}
}

func TestAReaderThatIsTurnedAwayForLongEndsAndSaysForHowLong(t *testing.T) {
	t.Parallel()
	b := providertest.RunBooks(t, "polar", func() time.Time { return testNow })
	b.Refuse(1, http.StatusTooManyRequests, "600")
	h, c := history(t, b, "polar", nil)
	_, err := collect(t, h, testSince)
	var failure *provider.Error
	if !errors.As(err, &failure) || failure.Kind() != provider.RateLimited || failure.RetryAfter != 10*time.Minute || c.waited > time.Minute {
		t.Errorf("%v after %v", err, c.waited)
	}
	b.Refuse(20, http.StatusServiceUnavailable, "")
	if _, err := collect(t, h, testSince); provider.KindOf(err) != provider.Transient || b.Asked() > 10 {
		t.Errorf("%v after %d requests", err, b.Asked())
	}
}

func TestARefusedKeyIsToldFromEveryOtherFailureAndIsNotInItsText(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Backfillable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := providertest.RunBooks(t, name, func() time.Time { return testNow })
			h, _ := history(t, b, name, func(o *provider.HistoryOptions) { o.Key = "hush-hush:very-secret" })
			_, err := collect(t, h, testSince)
			if provider.KindOf(err) != provider.Credentials {
				t.Fatalf("%v", err)
			}
			if text := err.Error(); strings.Contains(text, "hush") || strings.Contains(text, "very-secret") || strings.Contains(text, b.URL) {
				t.Errorf("the error tells too much: %s", text)
			}
		})
	}
}

func TestAKeyOfPayPalThatIsNoPairIsSaidToBeNone(t *testing.T) {
	t.Parallel()
	b := providertest.RunBooks(t, "paypal", func() time.Time { return testNow })
	h, _ := history(t, b, "paypal", func(o *provider.HistoryOptions) { o.Key = "only-one-half" })
	_, err := collect(t, h, testSince)
	if provider.KindOf(err) != provider.Credentials || !strings.Contains(err.Error(), "client:secret") || b.Asked() != 0 {
		t.Errorf("%v after %d requests", err, b.Asked())
	}
}

func TestATokenOfPayPalThatEndsOnTheWayIsRenewed(t *testing.T) {
	t.Parallel()
	b := providertest.RunBooks(t, "paypal", func() time.Time { return testNow })
	for n := range 250 {
		b.Put(sale("paypal", n, testNow.Add(-time.Duration(n)*time.Minute)))
	}
	h, _ := history(t, b, "paypal", nil)
	seen := 0
	for _, err := range h.Since(t.Context(), testSince) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 100 {
			b.EndToken()
		}
	}
	if seen != 250 {
		t.Errorf("%d events", seen)
	}
}

// hosts leads requests for the providers' hosts to simulators.
type hosts map[string]*providertest.Books

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	books, known := h[r.URL.Host]
	if !known {
		return nil, fmt.Errorf("nobody is asked but the provider: %s", r.URL.Host)
	}
	target, err := url.Parse(books.URL)
	if err != nil {
		return nil, err
	}
	copied := r.Clone(r.Context())
	copied.URL.Scheme, copied.URL.Host = "http", target.Host
	return http.DefaultTransport.RoundTrip(copied)
}

func TestAKeyOfTheSandboxIsTriedThereOnlyWhereTestsAreAllowed(t *testing.T) {
	t.Parallel()
	for name, where := range map[string][2]string{
		"polar":  {"api.polar.sh", "sandbox-api.polar.sh"},
		"paddle": {"api.paddle.com", "sandbox-api.paddle.com"},
		"paypal": {"api-m.paypal.com", "api-m.sandbox.paypal.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real := providertest.RunBooks(t, name, func() time.Time { return testNow })
			sandbox := providertest.RunBooks(t, name, func() time.Time { return testNow })
			sandbox.Key = "test-client:test-secret"
			sandbox.Put(sale(name, 1, testNow.Add(-time.Hour)))
			for _, allowed := range []bool{true, false} {
				h, _ := history(t, sandbox, name, func(o *provider.HistoryOptions) {
					o.URL, o.Sandbox = "", allowed
					o.HTTP = &http.Client{Transport: hosts{where[0]: real, where[1]: sandbox}}
				})
				ids, err := collect(t, h, testSince)
				if allowed && (err != nil || len(ids) != 1) || !allowed && (provider.KindOf(err) != provider.Credentials || len(ids) > 0) {
					t.Errorf("allowed %t: %v, %v", allowed, ids, err)
				}
			}
		})
	}
}

func TestWhatPolarsBooksShowBecomesTheEventsOfItsWebhooks(t *testing.T) {
	t.Parallel()
	b := providertest.RunBooks(t, "polar", func() time.Time { return testNow })
	old, recent := stamp(testSince.AddDate(0, -3, 0)), stamp(testSince.Add(time.Hour))
	b.Put("subscriptions",
		fmt.Sprintf(`{"id":"quiet","started_at":%q,"created_at":%q,"modified_at":%q}`, old, old, old),
		fmt.Sprintf(`{"id":"ended","started_at":%q,"created_at":%q,"modified_at":%q,"status":"canceled"}`, old, old, recent),
		fmt.Sprintf(`{"id":"fresh","started_at":null,"created_at":%q,"modified_at":null}`, recent))
	b.Put("orders",
		fmt.Sprintf(`{"id":"unpaid","created_at":%q,"paid":false}`, recent),
		fmt.Sprintf(`{"id":"bought","created_at":%q,"paid":true}`, recent),
		fmt.Sprintf(`{"id":"long-ago","created_at":%q,"paid":true}`, old))
	b.Put("refunds",
		fmt.Sprintf(`{"id":"back","order_id":"long-ago","created_at":%q}`, recent),
		fmt.Sprintf(`{"id":"back-then","order_id":"bought","created_at":%q}`, old))
	h, _ := history(t, b, "polar", nil)
	ids, err := collect(t, h, testSince)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"order.paid bought", "order.refunded long-ago", "refund.updated back", "subscription.updated ended", "subscription.updated fresh"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
}

func TestWhatLemonSqueezysBooksShowBecomesTheEventsOfItsWebhooks(t *testing.T) {
	t.Parallel()
	b := providertest.RunBooks(t, "lemonsqueezy", func() time.Time { return testNow })
	old, recent := stamp(testSince.AddDate(0, -2, 0)), stamp(testSince.Add(time.Hour))
	record := func(id, status string, made, changed string) string {
		return fmt.Sprintf(`{"id":%q,"attributes":{"status":%q,"created_at":%q,"updated_at":%q}}`, id, status, made, changed)
	}
	b.Put("subscriptions", record("1", "expired", old, recent), record("2", "active", old, old))
	b.Put("orders", record("3", "paid", recent, recent), record("4", "pending", recent, recent),
		record("5", "partial_refund", old, recent), record("6", "paid", old, old))
	b.Put("subscription-invoices", record("7", "paid", recent, recent), record("8", "void", recent, recent),
		fmt.Sprintf(`{"id":"9","attributes":{"status":"refunded","created_at":%q,"updated_at":%q,"refunded_at":%q}}`, old, old, recent))
	h, _ := history(t, b, "lemonsqueezy", nil)
	ids, err := collect(t, h, testSince)
	if err != nil {
		t.Fatal(err)
	}
	// The order of which a part went back was paid, and is read as paid as well.
	paid := 0
	for r, err := range h.Since(t.Context(), testSince) {
		if err == nil && strings.Contains(string(r.Body), `"status":"paid"`) {
			paid++
		}
	}
	if paid != 4 {
		t.Errorf("%d records are paid", paid)
	}
	want := []string{
		"order_created 3", "order_created 5", "order_refunded 5",
		"subscription_payment_refunded 9", "subscription_payment_success 7", "subscription_payment_success 9", "subscription_updated 1",
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
}

func TestPaddleIsAskedOnceWhoEachCustomerIs(t *testing.T) {
	t.Parallel()
	b := providertest.RunBooks(t, "paddle", func() time.Time { return testNow })
	for n, customer := range []string{"ctm_1", "ctm_1", "ctm_2"} {
		b.Put("events", fmt.Sprintf(`{"event_id":"evt_%d","event_type":"transaction.completed","occurred_at":%q,"data":{"customer_id":%q}}`,
			n, stamp(testNow.Add(-time.Hour)), customer))
	}
	b.Put("customers", fmt.Sprintf(`{"id":"ctm_1","email":"Jo@example.org","name":"Jo","created_at":%q,"updated_at":%q}`,
		stamp(testSince.AddDate(-1, 0, 0)), stamp(testSince.AddDate(0, -6, 0)))) // ctm_2 was erased
	h, _ := history(t, b, "paddle", nil)
	var told []payment.Event
	for r, err := range h.Since(t.Context(), testSince) {
		if err != nil {
			t.Fatal(err)
		}
		events, err := payment.Normalise(payment.Paddle, r.Body, nil, testNow)
		if err != nil {
			continue // these transactions tell nothing else
		}
		for _, e := range events {
			if e.Action == payment.ActionContact {
				told = append(told, e)
			}
		}
	}
	if len(told) != 1 || told[0].Customer.ID != "ctm_1" || told[0].Customer.Email != "jo@example.org" || b.Asked() != 3 {
		t.Errorf("%+v after %d requests", told, b.Asked())
	}
}

func TestAReaderStopsWhenNoMoreIsWantedOrItsTimeIsOver(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Backfillable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := providertest.RunBooks(t, name, func() time.Time { return testNow })
			for n := range 450 {
				b.Put(sale(name, n, testNow.Add(-time.Duration(n)*time.Minute)))
			}
			h, _ := history(t, b, name, nil)
			for range h.Since(t.Context(), testSince) {
				break
			}
			if b.Asked() > 3 {
				t.Errorf("%d requests for one record", b.Asked())
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen, last := 0, error(nil)
			for _, err := range h.Since(ctx, testSince) {
				seen, last = seen+1, err
				cancel()
			}
			if !errors.Is(last, context.Canceled) || seen > 201 {
				t.Errorf("%d records, then %v", seen, last)
			}
		})
	}
}

func TestOnlyProvidersWithBooksHaveAHistory(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"paypal-ipn", "zapier", "kofi", "gumroad", "nobody"} {
		if _, err := provider.NewHistory(name, provider.HistoryOptions{HTTP: http.DefaultClient}); !errors.Is(err, provider.ErrNoHistory) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
