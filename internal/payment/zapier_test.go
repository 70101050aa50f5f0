package payment

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const (
	zapGrant = "zapier/grant.json"
	zapFor   = " 999 USD for gold-monthly by john@example.com"
	zapID    = " order 6513daf5a8bd8167e5b53d95"
)

func TestAZapInOtherShapes(t *testing.T) {
	t.Parallel()
	const until = " until 2026-12-01T12:00:00Z paid"
	checkVariants(t, Zapier, []variant{
		{"capitals are one person", zapGrant, map[string]any{"email": "John@Example.com"}, "grant" + zapID + until + zapFor},
		{"a renewal", zapGrant, map[string]any{"action": "extend"}, "extend" + zapID + until + zapFor},
		{"a renewal, in plain words", zapGrant, map[string]any{"action": "Renew", "renews": "true"}, "extend" + zapID + until + " renews" + zapFor},
		{"a cancellation", zapGrant, map[string]any{"action": "cancel"}, "keep_until" + zapID + " until 2026-12-01T12:00:00Z" + zapFor},
		{"a pause", zapGrant, map[string]any{"action": "pause", "period_end": gone{}}, "suspend" + zapID + zapFor},
		{"a hyphen", zapGrant, map[string]any{"action": "past-due", "period_end": gone{}}, "past_due" + zapID + zapFor},
		{"a subscription", zapGrant, map[string]any{"subscription_id": "S-1", "email": gone{}},
			"grant subscription S-1" + until + " 999 USD for gold-monthly"},
		{"an order", zapGrant, map[string]any{"order_id": 17}, "grant order 17" + until + zapFor},
		{"a day", zapGrant, map[string]any{"period_end": "2026-12-01"}, "grant" + zapID + " until 2026-12-01T00:00:00Z paid" + zapFor},
		{"a length", zapGrant, map[string]any{"period_end": "", "period": "1 month", "occurred_at": "2026-11-03T00:00:00Z"},
			"grant" + zapID + " until 2026-12-03T00:00:00Z paid" + zapFor},
		{"a short length, from receipt", zapGrant, map[string]any{"period_end": gone{}, "period": "30d"},
			"grant" + zapID + " until 2026-12-01T12:00:07Z paid" + zapFor},
		{"for ever", zapGrant, map[string]any{"period_end": gone{}}, "grant" + zapID + " paid" + zapFor},
		{"a decimal comma", zapGrant, map[string]any{"amount": "€9,99", "currency": "eur"}, "grant" + zapID + until + strings.Replace(zapFor, "USD", "EUR", 1)},
		{"no amount", zapGrant, map[string]any{"amount": gone{}, "currency": gone{}}, "grant" + zapID + until + " for gold-monthly by john@example.com"},
		{"for a member", zapGrant, map[string]any{"member_id": "6512f0a1b2c3d4e5f6a7b8c9"},
			"grant" + zapID + until + " 999 USD for gold-monthly by 6512f0a1b2c3d4e5f6a7b8c9"},
		{"for another address", zapGrant, map[string]any{"member_email": "Jo@Example.org"}, "grant" + zapID + until + " 999 USD for gold-monthly by jo@example.org"},
		{"a part given back", zapGrant, map[string]any{"action": "refund", "amount": "5", "period_end": gone{}},
			"refund" + zapID + " refunded 500 of 500 USD for gold-monthly by john@example.com"},
		{"a try", zapGrant, map[string]any{"test": true}, "grant" + zapID + until + " test" + zapFor},
	})
}

func TestAZapMayBeAForm(t *testing.T) {
	t.Parallel()
	body := []byte("event_id=17&action=grant&email=John%40example.com&name=J%C3%B6rg&product=gold-monthly&period_end=2026-12-01T12%3A00%3A00Z&amount=9.99&currency=USD")
	want := []string{"grant" + zapID + " until 2026-12-01T12:00:00Z paid" + zapFor}
	if diff := gocmp.Diff(want, read(t, Zapier, body)); diff != "" {
		t.Error(diff)
	}
}

func TestAZapThatCannotBeUnderstoodIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		about   string
		changes map[string]any
	}{
		{"action", map[string]any{"action": gone{}}},
		{"action", map[string]any{"action": "hug"}},
		{"action", map[string]any{"action": "ignore"}},
		{"not named", map[string]any{"email": gone{}}},
		{"not named", map[string]any{"product": ""}},
		// A date that is not understood would be access for ever.
		{"period_end", map[string]any{"period_end": "next Tuesday"}},
		{"period_end", map[string]any{"period_end": "{{period end}}"}},
		{"period is", map[string]any{"period_end": gone{}, "period": "a while"}},
		{"occurred_at", map[string]any{"occurred_at": "yesterday"}},
	} {
		checkUnreadable(t, Zapier, varied(t, zapGrant, row.changes), row.about)
	}
	for _, body := range []string{"", "<xml/>", "email=a%40b.example", "action", "%zz"} {
		checkUnreadable(t, Zapier, []byte(body), "")
	}
}

// Zapier sends "{{…}}" where a field of the Zap was left unfilled.
func TestASaleIsNoRepetitionForAnIDThatZapierDidNotFillIn(t *testing.T) {
	t.Parallel()
	id := func(changes map[string]any) Event {
		events, err := Normalise(Zapier, varied(t, zapGrant, changes), noHeader, receipt)
		if err != nil {
			t.Fatal(err)
		}
		return events[0]
	}
	if one, other := id(nil), id(map[string]any{"email": "jo@example.com"}); one.ID == other.ID || one.Key == other.Key {
		t.Errorf("two people's sales are both %q", one.ID)
	}
	sale, back := id(map[string]any{"event_id": "7"}), id(map[string]any{"event_id": "7", "action": "refund"})
	if sale.ID != "7" || sale.Key == back.Key {
		t.Errorf("a sale %q and its refund %q", sale.Key, back.Key)
	}
}

// zapierPage is the page of the manual that has the contract.
func zapierPage(t *testing.T) string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/payments*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(page), "webhook/payment/SITE/zapier") && strings.Contains(string(page), "`event_id`") {
			return string(page)
		}
	}
	t.Fatal("no page has the contract")
	return ""
}

func TestTheManualsContractIsTheOneThatIsRead(t *testing.T) {
	t.Parallel()
	page := zapierPage(t)
	example := regexp.MustCompile(`(?s)-d '(\{.*?\})'`).FindStringSubmatch(page)
	if example == nil {
		t.Fatal("there is no example")
	}
	want := []string{"grant subscription sub-77 until 2026-12-01T12:00:00Z paid renews 999 EUR for gold-monthly by jo@example.com"}
	if diff := gocmp.Diff(want, read(t, Zapier, []byte(example[1]))); diff != "" {
		t.Error(diff)
	}
	_, table, _ := strings.Cut(page, "| `action` | what it does |")
	table, _, _ = strings.Cut(table, "\n\n")
	named := regexp.MustCompile("`([a-z_]+)`[,) |]").FindAllStringSubmatch(table, -1)
	var taken []Action
	for _, m := range named {
		if a := zapierAction(m[1]); a != ActionIgnore && !slices.Contains(taken, a) {
			taken = append(taken, a)
		}
	}
	for _, a := range actions() {
		internal := a == ActionContact || a == ActionLink || a == ActionIgnore
		if slices.Contains(taken, a) == internal {
			t.Errorf("%s: is in the table: %v", a, internal)
		}
	}
}
