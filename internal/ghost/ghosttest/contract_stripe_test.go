//go:build e2e

package ghosttest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// standIn is what a Ghost was pointed at in place of Stripe, and the secret with which
// it takes Stripe's webhooks.
type standIn struct{ url, secret string }

// newStandIn takes it from the environment, if there is one.
func newStandIn() (standIn, bool) {
	s := standIn{os.Getenv("GHOSTCM_TEST_STRIPE_URL"), os.Getenv("GHOSTCM_TEST_STRIPE_SECRET")}
	return s, s.url != ""
}

// pays makes a member pay for a tier: a new one, or the one who has the address.
func (s standIn) pays(c *contract, email, tier string) (member map[string]any, ends func()) {
	c.Helper()
	id := hex.EncodeToString([]byte(email))
	subscription := fields{
		"id": "sub_" + id, "customer": "cus_" + id, "email": email, "status": "active", "price": "price_" + id, "product": s.product(c, tier),
	}
	s.control(c, "sub", subscription)
	if found := c.browse("email:'"+email+"'", "").members(c.T); len(found) == 1 {
		member = found[0]
		s.says(c, "checkout.session.completed", fields{
			"id": "cs_" + id, "object": "checkout.session", "mode": "subscription", "customer": "cus_" + id, "subscription": "sub_" + id,
			"metadata": fields{"checkoutType": "upgrade"},
		})
		c.until("the member does not pay", func() bool { return c.read(member)["status"] == "paid" })
	} else {
		member = c.add(fields{"email": email, "stripe_customer_id": "cus_" + id})
	}
	in := *c
	return member, func() {
		subscription["status"] = "canceled"
		s.says(&in, "customer.subscription.deleted", json.RawMessage(s.control(&in, "sub", subscription)))
	}
}

// product is what Stripe calls a tier.
func (s standIn) product(c *contract, tier string) string {
	c.Helper()
	var said struct {
		Products map[string]struct{ ID, Name string }
	}
	if err := json.Unmarshal(s.control(c, "dump", nil), &said); err != nil {
		c.Fatal(err)
	}
	for _, p := range said.Products {
		if p.Name == tier {
			return p.ID
		}
	}
	c.Fatalf("Stripe has no product for the tier %s", tier)
	return ""
}

// control tells the stand-in what happens at Stripe, and returns what it says.
func (s standIn) control(c *contract, path string, body any) []byte {
	c.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	return s.post(c, s.url+"/_ctl/"+path, raw, "")
}

// says sends Ghost a webhook as Stripe does.
func (s standIn) says(c *contract, event string, object any) {
	c.Helper()
	body, err := json.Marshal(fields{
		"id": fmt.Sprintf("evt_%d", time.Now().UnixNano()), "object": "event", "type": event, "data": fields{"object": object},
	})
	if err != nil {
		c.Fatal(err)
	}
	mac, at := hmac.New(sha256.New, []byte(s.secret)), time.Now().Unix()
	fmt.Fprintf(mac, "%d.%s", at, body)
	s.post(c, c.url+"/members/webhooks/stripe/", body, fmt.Sprintf("t=%d,v1=%x", at, mac.Sum(nil)))
}

func (s standIn) post(c *contract, url string, body []byte, signature string) []byte {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Stripe-Signature", signature)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		c.Fatalf("%s was answered %d, %v", url, resp.StatusCode, err)
	}
	return said
}

// realNight runs the job that Ghost runs at night.
func realNight(c *contract) {
	c.Helper()
	if out, err := exec.CommandContext(c.Context(), "sh", "-c", os.Getenv("GHOSTCM_TEST_GHOST_NIGHTLY")).CombinedOutput(); err != nil {
		c.Fatalf("the nightly job: %v\n%s", err, out)
	}
}
