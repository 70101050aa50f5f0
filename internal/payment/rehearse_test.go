package payment

import (
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// A rehearsal goes the whole way of a purchase but for its end: it is signed, taken,
// understood, and marked so that it grants nothing.
func TestARehearsalIsAGenuineTestOfAPurchase(t *testing.T) {
	t.Parallel()
	for _, provider := range hmacProviders() {
		body, err := TestEvent(provider, "prod_gold", "Jo@Example.org", receipt)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := Sign(provider, "s3cret", body, receipt)
		if err != nil {
			t.Fatal(err)
		}
		if err := Verify(provider, []string{"s3cret"}, headerOf(signed.Header), signed.Body, receipt); err != nil {
			t.Errorf("%s refuses its own rehearsal: %v", provider, err)
		}
		e := one(t, provider, signed.Body)
		if e.Action != ActionGrant || !e.Test || !strings.Contains(e.Subject.ID, testMark) || !e.Renews {
			t.Errorf("%s: %s", provider, tell(e))
		}
		if end := receipt.AddDate(0, 1, 0); !e.PeriodEnd.Equal(end) {
			t.Errorf("%s is until %v, want %v", provider, e.PeriodEnd, end)
		}
		if e.Products[0] != "prod_gold" || e.Customer.Email+e.Customer.MemberEmail != "jo@example.org" {
			t.Errorf("%s: %v for %+v", provider, e.Products, e.Customer)
		}
	}
}

func TestEachRehearsalIsAnotherPurchase(t *testing.T) {
	t.Parallel()
	for _, provider := range hmacProviders() {
		var events [2]Event
		for i := range events {
			body, err := TestEvent(provider, "prod_gold", "jo@example.org", receipt.Add(time.Duration(i)*time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			events[i] = one(t, provider, body)
		}
		if events[0].ID == events[1].ID || events[0].Key == events[1].Key || events[0].Subject == events[1].Subject {
			t.Errorf("%s: the second is taken for the first:\n%s", provider, gocmp.Diff(events[0], events[1]))
		}
	}
}

func TestNobodySignsForAStranger(t *testing.T) {
	t.Parallel()
	if _, err := Sign("nobody", "s3cret", nil, receipt); err == nil {
		t.Error("signed for a provider that does not exist")
	}
	if _, err := TestEvent("nobody", "p", "jo@example.org", receipt); err == nil {
		t.Error("made a purchase at a provider that does not exist")
	}
}
