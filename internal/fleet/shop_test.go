package fleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/payment"
)

const (
	month = 30 * 24 * time.Hour
	grace = 7 * 24 * time.Hour
)

// shop sells access to the first site. A provider repeats a webhook until it is
// taken.
type shop struct {
	town   *town
	site   *site
	begun  time.Time
	random *rand.Rand

	mu        sync.Mutex
	purchases []*purchase
	refused   int // answers that were no 2xx
	posting   sync.WaitGroup
}

// purchase is what somebody bought, and what has to come of it.
type purchase struct {
	provider, id, email string
	kind                string
	events              [][]byte
	state               payment.State
	status, tier        string    // of the member in Ghost; no tier: none of ours
	ends                time.Time // zero: not before a lifetime is over, or never
	nobody              bool      // it makes no member
}

func newShop(town *town) *shop {
	return &shop{town: town, site: town.sites[0], begun: time.Now().Add(-time.Hour).Truncate(time.Second), random: town.random("shop")}
}

// Sell sells until ctx ends, so many purchases a second.
func (s *shop) Sell(ctx context.Context, rate float64) {
	kinds := []func(*purchase){s.polarSubscription, s.polarRenewed, s.polarCancelled, s.polarRefunded, s.polarIncomplete,
		s.stripeOnce, s.stripeOnceRefunded, s.stripeUnpaid, s.stripeSubscription, s.besideAComp}
	for n := 0; ctx.Err() == nil; n++ {
		p := &purchase{id: fmt.Sprintf("sale-%d", n), email: fmt.Sprintf("Payer.%d@pay.example.org", n), status: "comped"}
		kinds[(n+int(s.town.seed%uint64(len(kinds))))%len(kinds)](p)
		s.add(p)
		rest(ctx, time.Duration(s.random.Float64()*2/rate*float64(time.Second)))
	}
	s.posting.Wait()
}

// add has the webhooks of a purchase sent: in any order, some twice.
func (s *shop) add(p *purchase) {
	s.mu.Lock()
	s.purchases = append(s.purchases, p)
	s.mu.Unlock()
	for _, i := range s.random.Perm(len(p.events)) {
		copies := 1 + s.random.IntN(2)
		for range copies {
			delay := time.Duration(s.random.IntN(800)) * time.Millisecond
			s.posting.Go(func() {
				time.Sleep(delay)
				s.insist(p.provider, p.events[i])
			})
		}
	}
}

// insist sends a webhook until it is taken.
func (s *shop) insist(provider string, body []byte) {
	for pause := 100 * time.Millisecond; !s.taken(provider, body); pause = min(2*pause, 2*time.Second) {
		s.mu.Lock()
		s.refused++
		s.mu.Unlock()
		time.Sleep(pause)
		if s.town.t.Context().Err() != nil {
			return
		}
	}
}

func (s *shop) taken(provider string, body []byte) bool {
	secret := map[string]string{payment.Polar: polarSecret, payment.Stripe: stripeSecret}[provider]
	signed, err := payment.Sign(provider, secret, body, time.Now())
	if err != nil {
		s.town.t.Error(err)
		return true
	}
	n := s.town.post.order()[0]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	url := "http://127.0.0.1:" + n.port + "/webhook/payment/" + s.site.name + "/" + provider
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(signed.Body))
	if err != nil {
		s.town.t.Error(err)
		return true
	}
	for name, value := range signed.Header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.town.post.shun(n)
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (s *shop) polar(p *purchase, what, status string, after, ends time.Duration, cancelled bool) []byte {
	at, end := s.begun.Add(after), s.begun.Add(ends)
	data := map[string]any{
		"id": p.id, "status": status, "amount": 1000, "currency": "usd", "product_id": "prod_gold", "modified_at": at.Format(time.RFC3339),
		"current_period_start": s.begun.Format(time.RFC3339), "current_period_end": end.Format(time.RFC3339), "cancel_at_period_end": cancelled,
		"customer_id": "cus-" + p.id, "customer": map[string]any{"id": "cus-" + p.id, "email": p.email, "name": "Jo Payer"}, "metadata": map[string]any{},
	}
	if cancelled {
		data["ends_at"] = end.Format(time.RFC3339)
	}
	return document(map[string]any{"type": "subscription." + what, "timestamp": at.Format(time.RFC3339), "data": data})
}

func (s *shop) polarSubscription(p *purchase) {
	p.kind, p.provider, p.state, p.tier, p.ends = "subscription", payment.Polar, payment.StateGranted, "Gold", s.begun.Add(month+grace)
	p.events = [][]byte{s.polar(p, "active", "active", 0, month, false)}
}

func (s *shop) polarRenewed(p *purchase) {
	s.polarSubscription(p)
	p.kind, p.ends = "renewal", s.begun.Add(2*month+grace)
	p.events = append(p.events, s.polar(p, "updated", "active", time.Minute, 2*month, false))
}

func (s *shop) polarCancelled(p *purchase) {
	s.polarSubscription(p)
	p.kind, p.state, p.ends = "cancelled", payment.StateEndsAt, s.begun.Add(month)
	p.events = append(p.events, s.polar(p, "canceled", "active", time.Minute, month, true))
}

func (s *shop) polarRefunded(p *purchase) {
	s.polarSubscription(p)
	p.kind, p.state, p.status, p.tier = "refunded", payment.StateRevoked, "free", ""
	at := s.begun.Add(10 * time.Minute).Format(time.RFC3339)
	p.events = append(p.events, document(map[string]any{"type": "order.refunded", "timestamp": at, "data": map[string]any{
		"id": "order-" + p.id, "subscription_id": p.id, "status": "refunded", "net_amount": 1000, "total_amount": 1000, "refunded_amount": 1000,
		"currency": "usd", "product_id": "prod_gold", "created_at": s.begun.Format(time.RFC3339),
		"customer": map[string]any{"id": "cus-" + p.id, "email": p.email},
	}}))
}

func (s *shop) polarIncomplete(p *purchase) {
	p.kind, p.provider, p.state, p.nobody = "incomplete", payment.Polar, payment.StatePending, true
	p.events = [][]byte{s.polar(p, "created", "incomplete", 0, month, false)}
}

func (s *shop) stripe(kind, id string, after time.Duration, object map[string]any) []byte {
	return document(map[string]any{"id": "evt_" + id, "object": "event", "type": kind, "created": s.begun.Add(after).Unix(), "livemode": true,
		"data": map[string]any{"object": object}})
}

func (s *shop) session(p *purchase, status string) []byte {
	return s.stripe("checkout.session.completed", "1"+p.id, 0, map[string]any{
		"id": p.id, "object": "checkout.session", "mode": "payment", "payment_status": status, "payment_intent": "pi_" + p.id,
		"amount_total": 2000, "currency": "usd", "customer": "cus_" + p.id, "customer_details": map[string]any{"email": p.email, "name": "Jo Payer"},
		"metadata": map[string]any{"product": "prod_silver"},
	})
}

func (s *shop) stripeOnce(p *purchase) {
	p.kind, p.provider, p.state, p.tier = "once", payment.Stripe, payment.StateGranted, "Silver"
	p.events = [][]byte{s.session(p, "paid")}
}

func (s *shop) stripeOnceRefunded(p *purchase) {
	s.stripeOnce(p)
	p.kind, p.state, p.status, p.tier = "once, refunded", payment.StateRevoked, "free", ""
	p.events = append(p.events, s.stripe("charge.refunded", "2"+p.id, time.Minute, map[string]any{
		"id": "ch_" + p.id, "object": "charge", "amount": 2000, "amount_refunded": 2000, "refunded": true, "currency": "usd",
		"payment_intent": "pi_" + p.id, "customer": "cus_" + p.id,
	}))
}

func (s *shop) stripeUnpaid(p *purchase) {
	p.kind, p.provider, p.state, p.nobody = "unpaid", payment.Stripe, payment.StatePending, true
	p.events = [][]byte{s.session(p, "unpaid")}
}

func (s *shop) invoice(p *purchase, number, reason string, from, to time.Duration) []byte {
	begin, end := s.begun.Add(from), s.begun.Add(to)
	line := map[string]any{"id": "il_" + number + p.id, "object": "line_item", "amount": 1000, "currency": "usd",
		"period":  map[string]any{"start": begin.Unix(), "end": end.Unix()},
		"pricing": map[string]any{"type": "price_details", "price_details": map[string]any{"price": "prod_gold", "product": "prod_gold"}}}
	return s.stripe("invoice.paid", number+p.id, from, map[string]any{
		"id": "in_" + number + p.id, "object": "invoice", "status": "paid", "billing_reason": reason, "amount_paid": 1000, "currency": "usd",
		"customer": "cus_" + p.id, "customer_email": p.email, "lines": map[string]any{"object": "list", "data": []any{line}},
		"parent": map[string]any{"type": "subscription_details", "subscription_details": map[string]any{"subscription": p.id}},
	})
}

func (s *shop) stripeSubscription(p *purchase) {
	p.kind, p.provider, p.state, p.tier, p.ends = "stripe subscription", payment.Stripe, payment.StateGranted, "Gold", s.begun.Add(2*month+grace)
	p.events = [][]byte{s.invoice(p, "a", "subscription_create", 0, month), s.invoice(p, "b", "subscription_cycle", month, 2*month)}
}

// besideAComp is bought by somebody who was given more by hand, without an end.
func (s *shop) besideAComp(p *purchase) {
	s.stripeOnce(p)
	p.kind, p.state, p.tier = "beside a comp", payment.StateManual, "Gold"
	comped := ghosttest.Member{Email: p.email, Name: "Comped", Status: "comped", Tiers: []ghosttest.Grant{{Tier: "Gold"}}}
	if _, err := s.site.AddMember(comped); err != nil {
		s.town.t.Error(err)
	}
}

func document(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of texts, numbers and times there is none
	}
	return b
}
