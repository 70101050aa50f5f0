package payment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

func zap(t *testing.T, action, orderID string) payment.Event {
	t.Helper()
	body := fmt.Sprintf(`{"event_id":%q,"action":%q,"email":"payer@example.org","product":"pass","order_id":%q}`, orderID, action, orderID)
	events, err := payment.Normalise(payment.Zapier, []byte(body), nil, time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC))
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	return events[0]
}

func TestAnIDNeitherShowsAnAddressNorHasAnyLength(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{
		"an address":          "payer@example.org",
		"an address in an id": "pass for payer@example.org, 2026",
		"a long one":          strings.Repeat("x", 256),
	} {
		sold, refunded := zap(t, "grant", id), zap(t, "refund", id)
		if sold.Subject != refunded.Subject {
			t.Errorf("%s: its refund is of another purchase: %+v, %+v", name, sold.Subject, refunded.Subject)
		}
		if sold.Key == refunded.Key {
			t.Errorf("%s: its refund is the same fact", name)
		}
		if other := zap(t, "grant", id+"x"); other.Subject == sold.Subject {
			t.Errorf("%s: another purchase is the same", name)
		}
		sold.Customer = payment.Customer{}
		if shown, err := json.Marshal(sold); err != nil || strings.Contains(string(shown), "@") || len(sold.Subject.ID) > 255 {
			t.Errorf("%s: it is shown as %s (%v)", name, shown, err)
		}
	}
	if sold := zap(t, "grant", "order 17"); sold.Subject.ID != "order 17" {
		t.Errorf("any other id became %q", sold.Subject.ID)
	}
	if a, b := zap(t, "grant", "Payer@Example.org"), zap(t, "grant", "payer@example.org"); a.Subject != b.Subject {
		t.Error("two spellings of an address are two purchases")
	}
	if rehearsed := zap(t, "grant", "ghostcm-test-payer@example.org"); !rehearsed.Rehearsed() {
		t.Error("a rehearsal passes for a purchase")
	}
}
