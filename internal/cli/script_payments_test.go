package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider/providertest"
)

const polarSecret = "hunter2-of-polar"

// paymentCommands are what scripts can do about purchases.
func paymentCommands(t *testing.T) map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"sells": func(ts *testscript.TestScript, _ bool, _ []string) { sells(t, ts) },
		"buys":  buys, "sold": sold, "closedbooks": closedBooks, "hastier": hasTier, "mailed": mailed,
	}
}

// sells makes a shop of the blog, with a tier gold in Ghost: it sells prod_1 by Polar.
func sells(t *testing.T, ts *testscript.TestScript) {
	w := worldOf(ts)
	w.ghost.AddTier("Gold", "gold")
	w.books = providertest.RunBooks(t, payment.Polar, time.Now)
	for name, value := range map[string]string{
		"SITE1_POLAR_SECRET": polarSecret, "KEY_OF_THE_BOOKS": w.books.Key, "SITE1_TIERS": "prod_1=gold",
		"GHOSTCM_TEST_PROVIDERS": "polar=" + w.books.URL,
	} {
		ts.Setenv(name, value)
	}
}

// order is a paid order of Polar's.
func order(id, email, product string, at time.Time) string {
	return fmt.Sprintf(`{"id":%q,"created_at":%q,"modified_at":null,"paid":true,"status":"paid","total_amount":1000,
		"currency":"usd","billing_reason":"purchase","product_id":%q,"subscription_id":null,"metadata":{},
		"customer_id":"cus_1","customer":{"id":"cus_1","email":%q,"name":"Jo","metadata":{}}}`, id, at.UTC().Format(time.RFC3339), product, email)
}

// buys has Polar tell of a purchase: buys order-1 jo@example.org prod_1.
func buys(ts *testscript.TestScript, _ bool, args []string) {
	at := time.Now()
	body := fmt.Sprintf(`{"type":"order.paid","timestamp":%q,"data":%s}`, at.UTC().Format(time.RFC3339), order(args[0], args[1], args[2], at))
	signed, err := payment.Sign(payment.Polar, polarSecret, []byte(body), at)
	ts.Check(err)
	req, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+ts.Getenv("PORT")+"/webhook/payment/blog/polar", bytes.NewReader(signed.Body))
	ts.Check(err)
	for name, value := range signed.Header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("the webhook was answered %d", resp.StatusCode)
	}
}

// sold puts a purchase of an hour ago into Polar's books, of which no webhook tells.
func sold(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).books.Put("orders", order(args[0], args[1], args[2], time.Now().Add(-time.Hour)))
}

// closedbooks has Polar refuse the API key; ! closedbooks takes it again.
func closedBooks(ts *testscript.TestScript, neg bool, _ []string) {
	key := "another key"
	if neg {
		key = ts.Getenv("KEY_OF_THE_BOOKS")
	}
	worldOf(ts).books.ChangeKey(key)
}

// hastier waits until a member has a tier: hastier jo@example.org gold. ! hastier
// checks that there is no such member with it now.
func hasTier(ts *testscript.TestScript, neg bool, args []string) {
	has := func() bool {
		return slices.ContainsFunc(worldOf(ts).ghost.Members(), func(m ghosttest.Member) bool {
			return m.Email == args[0] && slices.ContainsFunc(m.Tiers, func(g ghosttest.Grant) bool { return strings.EqualFold(g.Tier, args[1]) })
		})
	}
	if neg {
		if has() {
			ts.Fatalf("%s has the tier", args[0])
		}
		return
	}
	until(ts, func() string {
		if !has() {
			return "no member with this address has the tier"
		}
		return ""
	})
}

// mailed checks that Ghost was asked to greet a new member; ! mailed that it was not.
func mailed(ts *testscript.TestScript, neg bool, args []string) {
	if slices.Contains(worldOf(ts).ghost.Mails(), ghosttest.Mail{To: args[0], Type: "signin"}) == neg {
		ts.Fatalf("mails: %v", worldOf(ts).ghost.Mails())
	}
}
