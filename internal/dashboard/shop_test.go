package dashboard_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

const tillSecret = "polar_whs_of-the-tests"

// newShop is a rig whose site sells by Polar.
func newShop(t testing.TB) *rig {
	t.Helper()
	r := newRig(t, shopSettings()...)
	r.ghost.AddTier("Gold", "gold")
	return r
}

func shopSettings() []string {
	return []string{"SITE1_POLAR_SECRET=" + tillSecret, "SITE1_TIERS=prod_gold=gold", "PAYMENT_RETRY_SCHEDULE=1s,1s"}
}

// tell posts Polar's webhook of a subscription, signed with a secret.
func (r *rig) tell(secret, id, email, product string) int {
	r.t.Helper()
	at := time.Now().Truncate(time.Second)
	body, err := json.Marshal(map[string]any{"type": "subscription.active", "timestamp": at.Format(time.RFC3339), "data": map[string]any{
		"id": id, "status": "active", "amount": 1250, "currency": "usd", "product_id": product, "modified_at": at.Format(time.RFC3339),
		"current_period_start": at.Format(time.RFC3339), "current_period_end": at.AddDate(0, 1, 0).Format(time.RFC3339),
		"customer_id": "cus_" + id, "customer": map[string]any{"id": "cus_" + id, "email": email, "name": hostileNames()[0]}, "metadata": map[string]any{},
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	signed, err := payment.Sign(payment.Polar, secret, body, at)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/webhook/payment/"+siteName+"/polar", bytes.NewReader(signed.Body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, value := range signed.Header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// buys lets somebody buy, and waits until that has come to a state.
func (r *rig) buys(id, email, product string, state payment.State) {
	r.t.Helper()
	if status := r.tell(tillSecret, id, email, product); status != http.StatusOK {
		r.t.Fatalf("a genuine purchase was answered %d", status)
	}
	r.isSold(id, state)
}

func (r *rig) isSold(id string, state payment.State) {
	r.t.Helper()
	r.eventually(id+" is "+string(state), func() string {
		v, found, err := r.Store.Entitlement(r.t.Context(), siteName, "polar:"+id)
		if err != nil || !found || v.Entitlement.State() != state {
			return "it is " + string(v.Entitlement.State()) + " " + v.Entitlement.Outcome.Reason
		}
		return ""
	})
}

// hostileProduct is what a stranger may have called what they sell.
const hostileProduct = `"><script>document.title="owned"</script>` + "\u202eevil {{.Form}}"

// sellAll leaves purchases in several states, and something in quarantine: a free
// member cannot be given a tier by a Ghost without Stripe.
func (r *rig) sellAll() {
	r.t.Helper()
	r.join("free@example.org", "Free Reader")
	r.settle()
	r.buys("sub_new", "new@example.org", "prod_gold", payment.StateGranted)
	r.buys("sub_free", "free@example.org", "prod_gold", payment.StateNeedsAttention)
	r.buys("sub_odd", "odd@example.org", hostileProduct, payment.StateUnmapped)
	r.buys("sub_"+strings.Repeat("W", 150), "long@example.org", "prod_"+strings.Repeat("x", 150), payment.StateUnmapped)
	if status := r.tell("polar_whs_of-somebody-else", "sub_forged", "forged@example.org", "prod_gold"); status != http.StatusUnauthorized {
		r.t.Errorf("a forged purchase was answered %d", status)
	}
}

func onePurchase(id string) string {
	return "/dashboard/payments/one?" + url.Values{"id": {"polar:" + id}, "site": {siteName}}.Encode()
}

// did are the entries of the activity of an event.
func (r *rig) did(event string) (all []store.Activity) {
	r.t.Helper()
	for a, err := range r.Store.Activities(r.t.Context(), siteName, "", time.Time{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		if a.Event == event {
			all = append(all, a)
		}
	}
	return all
}

// givesByHand gives a member the tier in Ghost, as a person does there.
func (r *rig) givesByHand(email string) {
	r.t.Helper()
	for _, m := range r.ghost.Members() {
		if m.Email != email {
			continue
		}
		if err := r.ghost.EditMember(m.ID, func(m *ghosttest.Member) {
			m.Status, m.Tiers = "comped", []ghosttest.Grant{{Tier: "Gold"}}
		}); err != nil {
			r.t.Fatal(err)
		}
	}
}
