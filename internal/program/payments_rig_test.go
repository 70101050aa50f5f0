package program_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

const polarSecret = "polar_whs_of-the-tests"

// long is for conditions that hold at once on a quiet machine.
const long = 60 * time.Second

// sells is the settings of a site that sells by Polar and Stripe.
func sells(more ...string) []string {
	return append([]string{
		"SITE1_POLAR_SECRET=" + polarSecret, "SITE1_STRIPE_SECRET=" + stripeSecret, "SITE1_TIERS=prod_gold=gold,prod_silver=silver",
		"PAYMENT_RETRY_SCHEDULE=1s,1s,1s",
	}, more...)
}

const stripeSecret = "whsec_of-the-tests"

// shop is a program whose one site sells access.
type shop struct {
	*rig
	site  *publication
	begun time.Time
	env   []string
}

// withTiers makes the tiers that are sold.
func withTiers(p *publication) {
	p.AddTier("Gold", "gold")
	p.AddTier("Silver", "silver")
}

func newShop(t testing.TB, o rigOptions) *shop {
	t.Helper()
	o.env = sells(o.env...)
	starts := !o.noProgram
	o.noProgram = true
	s := &shop{rig: newRig(t, o), begun: time.Now().Add(-time.Hour).Truncate(time.Second), env: o.env}
	s.site = s.sites[0]
	withTiers(s.site)
	if starts {
		s.start(s.Program)
	}
	return s
}

// connected is a Ghost on MariaDB with Stripe.
func connected() ghosttest.Options { return ghosttest.Options{Stripe: true, MariaDB: true} }

// sub is what Polar says of a subscription.
type sub struct {
	id, email, product string
	what, status       string        // "active", "active": see the type of its webhook
	after              time.Duration // since the shop began
	cancelled          bool
	ends               time.Duration // of the period, since the shop began; 0: in 30 days
}

func (s *shop) polar(e sub) []byte {
	s.t.Helper()
	at, ends := s.begun.Add(e.after), s.begun.Add(e.ends)
	if e.ends == 0 {
		ends = s.begun.AddDate(0, 0, 30)
	}
	data := map[string]any{
		"id": e.id, "status": e.status, "amount": 1000, "currency": "usd", "product_id": e.product, "modified_at": at.Format(time.RFC3339),
		"current_period_start": s.begun.Format(time.RFC3339), "current_period_end": ends.Format(time.RFC3339), "cancel_at_period_end": e.cancelled,
		"customer_id": "cus-" + e.email, "customer": map[string]any{"id": "cus-" + e.email, "email": e.email, "name": "Jo Payer"}, "metadata": map[string]any{},
	}
	if e.cancelled {
		data["ends_at"] = ends.Format(time.RFC3339)
	}
	body, err := json.Marshal(map[string]any{"type": "subscription." + e.what, "timestamp": at.Format(time.RFC3339), "data": data})
	if err != nil {
		s.t.Fatal(err)
	}
	return body
}

// bought is the plain webhook of a purchase.
func (s *shop) bought(id, email, product string) []byte {
	return s.polar(sub{id: id, email: email, product: product, what: "active", status: "active"})
}

// refunded is the webhook of an order of a subscription whose money all went back.
func (s *shop) refunded(order, subscription, email, product string) []byte {
	s.t.Helper()
	at := s.begun.Add(10 * time.Minute).Format(time.RFC3339)
	body, err := json.Marshal(map[string]any{"type": "order.refunded", "timestamp": at, "data": map[string]any{
		"id": order, "subscription_id": subscription, "status": "refunded", "net_amount": 1000, "total_amount": 1000, "refunded_amount": 1000,
		"currency": "usd", "product_id": product, "created_at": s.begun.Format(time.RFC3339),
		"customer": map[string]any{"id": "cus-" + email, "email": email},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return body
}

// pay posts a webhook as the provider does, and returns the answer's status.
func (s *shop) pay(provider, secret string, body []byte) int {
	s.t.Helper()
	status, err := s.post(provider, secret, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return status
}

func (s *shop) post(provider, secret string, body []byte) (int, error) {
	signed, err := payment.Sign(provider, secret, body, time.Now())
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest(http.MethodPost, s.url+"/webhook/payment/"+s.site.name+"/"+provider, bytes.NewReader(signed.Body))
	if err != nil {
		return 0, err
	}
	for name, value := range signed.Header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	rest, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK && len(rest) > 0 {
		err = fmt.Errorf("a 200 with a body: %s", rest)
	}
	return resp.StatusCode, err
}

// takes fails the test unless Polar's webhook is answered with 200.
func (s *shop) takes(body []byte) {
	s.t.Helper()
	if status := s.pay(payment.Polar, polarSecret, body); status != http.StatusOK {
		s.t.Fatalf("a genuine purchase was answered %d\n%s", status, tail(s.log.String()))
	}
}

// member is the one with the address.
func (s *shop) member(email string) (ghosttest.Member, bool) {
	for _, m := range s.site.Members() {
		if strings.EqualFold(m.Email, email) {
			return m, true
		}
	}
	return ghosttest.Member{}, false
}

// has says how a member's access differs from a status and a tier, "" for none.
func (s *shop) has(email, status, tier string) func() string {
	return func() string {
		m, found := s.member(email)
		held := ""
		for _, g := range m.Tiers {
			held += g.Tier
		}
		if !found || m.Status != status || held != tier {
			return fmt.Sprintf("member %t, %q with %q; want %q with %q", found, m.Status, held, status, tier)
		}
		return ""
	}
}

// state says how the ledger's state of an entitlement differs.
func (s *shop) state(id string, want payment.State) func() string {
	return func() string {
		v, found, err := s.Store.Entitlement(s.t.Context(), s.site.name, id)
		if err != nil {
			return err.Error()
		}
		if !found || v.Entitlement.State() != want {
			return fmt.Sprintf("%s: known %t, %s (%s), want %s", id, found, v.Entitlement.State(), v.Entitlement.Outcome.Reason, want)
		}
		return ""
	}
}

// comes waits for conditions.
func (s *shop) comes(what string, conditions ...func() string) {
	s.t.Helper()
	for _, holds := range conditions {
		s.eventually(what, long, holds)
	}
}

// settles waits until nothing is to be done.
func (s *shop) settles() {
	s.t.Helper()
	s.eventually("settled", long, func() string {
		waiting, err := s.Store.WaitingDeliveries(s.t.Context())
		if err != nil || waiting > 0 {
			return fmt.Sprintf("%d deliveries wait, %v", waiting, err)
		}
		return s.idle()
	})
}

// reload gives the program other settings of its site.
func (s *shop) reload(env ...string) {
	s.t.Helper()
	cfg, err := config.Load(config.Options{Environ: append(s.environ(rigOptions{}), env...), Dir: s.t.TempDir()})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Reload(cfg); err != nil {
		s.t.Fatal(err)
	}
}

// entitlements are all that the ledger has.
func (s *shop) entitlements() (all []payment.Entitlement) {
	s.t.Helper()
	for e, err := range s.Store.Entitlements(s.t.Context(), store.EntitlementFilter{Site: s.site.name}) {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
