//go:build e2e

package program_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// buys posts the webhook of a purchase of gold or silver, and waits until Ghost has it.
func (c *counter) buys(id, email, tier string) held {
	c.shop.t.Helper()
	c.takes(c.bought(id, email, "prod_"+tier))
	return c.becomes(email, "comped", tier, c.end().Add(grace), id, payment.StateGranted)
}

func (c *counter) somebodyNew() {
	email := c.who("new")
	m := c.buys("new-"+c.prefix, email, "gold")
	e, _ := c.ledger("polar:new-" + c.prefix)
	if e.MemberID != m.ID || e.Tier != "ghostcm-e2e-gold" || !e.EndsAt.Equal(c.end()) {
		c.shop.t.Errorf("the ledger says %+v of member %s", e, m.ID)
	}
	if !strings.HasPrefix(m.Note, "ghostcm: ghostcm-e2e-gold until ") {
		c.shop.t.Errorf("the note is %q", m.Note)
	}
}

// aLife is renewal, a change of mind, another tier, and the end at the period's end.
func (c *counter) aLife() {
	id, email := "life-"+c.prefix, c.who("life")
	told := sub{id: id, email: email, product: "prod_silver", what: "updated", status: "active"}
	c.buys(id, email, "silver")
	told.after, told.ends = time.Minute, 60*24*time.Hour
	renewed := c.begun.Add(told.ends)
	c.takes(c.polar(told))
	c.becomes(email, "comped", "silver", renewed.Add(grace), id, payment.StateGranted)
	told.after, told.what, told.cancelled = 2*time.Minute, "canceled", true
	c.takes(c.polar(told))
	c.becomes(email, "comped", "silver", renewed, id, payment.StateEndsAt)
	told.after, told.what, told.cancelled = 3*time.Minute, "uncanceled", false
	c.takes(c.polar(told))
	c.becomes(email, "comped", "silver", renewed.Add(grace), id, payment.StateGranted)
	told.after, told.what, told.product = 4*time.Minute, "updated", "prod_gold"
	c.takes(c.polar(told))
	c.becomes(email, "comped", "gold", renewed.Add(grace), id, payment.StateGranted)
}

// anEndByItself comes from the clock: no webhook tells of it.
func (c *counter) anEndByItself() {
	id, email := "end-"+c.prefix, c.who("end")
	c.buys(id, email, "gold")
	ends := time.Since(c.begun).Truncate(time.Second) + 25*time.Second
	c.takes(c.polar(sub{id: id, email: email, product: "prod_gold", what: "canceled", status: "active", cancelled: true, after: time.Minute, ends: ends}))
	c.over(id, email)
}

// over waits until a purchase gives nothing any more, in the way of this Ghost.
func (c *counter) over(id, email string) {
	c.shop.t.Helper()
	c.records(id, payment.StateRevoked)
	c.patiently(func() string {
		m, _ := c.realGhost.member(email)
		tier, ends := m.tier(c.shop.t)
		switch {
		case m.Status == "free" && tier == "":
		case !c.stripe && m.Status == "comped" && !ends.IsZero() && ends.Before(time.Now()): // Ghost's nightly job does the rest
		default:
			return fmt.Sprintf("Ghost says %q with %q until %v", m.Status, tier, ends)
		}
		return ""
	})
}

func (c *counter) oneOfTwo() {
	id, email := "two-"+c.prefix, c.who("two")
	c.buys(id+"g", email, "gold")
	c.takes(c.bought(id+"s", email, "prod_silver"))
	c.records(id+"s", payment.StateGranted)
	c.takes(c.refunded("order-"+id, id+"g", email, "prod_gold"))
	c.becomes(email, "comped", "silver", c.end().Add(grace), id+"g", payment.StateRevoked)
	c.records(id+"s", payment.StateGranted)
	c.takes(c.refunded("order-"+id+"s", id+"s", email, "prod_silver"))
	c.over(id+"s", email)
}

// byHand makes a member who has a tier from a person, without an end.
func (c *counter) byHand(email, tier string) held {
	c.shop.t.Helper()
	m := c.adds(map[string]any{"email": email, "tiers": []any{map[string]any{"id": c.tiers[tier]}}})
	if name, ends := m.tier(c.shop.t); m.Status != "comped" || !ends.IsZero() {
		c.shop.t.Fatalf("a comp by hand is %q with %q until %v", m.Status, name, ends)
	}
	return m
}

func (c *counter) manualComp() {
	id, email := "manual-"+c.prefix, c.who("manual")
	c.byHand(email, goldTier)
	c.takes(c.bought(id, email, "prod_silver"))
	c.becomes(email, "comped", "gold", time.Time{}, id, payment.StateManual)
	c.takes(c.refunded("order-"+id, id, email, "prod_silver"))
	c.becomes(email, "comped", "gold", time.Time{}, id, payment.StateRevoked)
}

// A comp of a lower tier gives way, and comes back as it was.
func (c *counter) lowerManualComp() {
	id, email := "lower-"+c.prefix, c.who("lower")
	c.byHand(email, silverTier)
	c.buys(id, email, "gold")
	c.takes(c.refunded("order-"+id, id, email, "prod_gold"))
	c.becomes(email, "comped", "silver", time.Time{}, id, payment.StateRevoked)
}

func (c *counter) deletedMember() {
	id, email := "gone-"+c.prefix, c.who("gone")
	m := c.buys(id, email, "gold")
	c.ask(http.MethodDelete, "members/"+m.ID+"/", nil, nil)
	c.command("payments", "retry", "polar:"+id, "--yes")
	c.records(id, payment.StateNeedsAttention)
	if _, found := c.realGhost.member(email); found {
		c.shop.t.Error("a member who was deleted in Ghost was made again")
	}
}

func (c *counter) tenTimes() {
	id, email := "ten-"+c.prefix, c.who("ten")
	body := c.bought(id, email, "prod_gold")
	var sending sync.WaitGroup
	for range 10 {
		sending.Go(func() {
			if status, err := c.post(payment.Polar, polarSecret, body); status != http.StatusOK || err != nil {
				c.shop.t.Errorf("answered %d, %v", status, err)
			}
		})
	}
	sending.Wait()
	c.becomes(email, "comped", "gold", c.end().Add(grace), id, payment.StateGranted)
}

func (c *counter) byZapier() {
	email := c.who("zap")
	body := fmt.Sprintf(`{"event_id":%q,"action":"grant","email":%q,"product":"prod_silver","order_id":%q,"period_end":%q}`,
		"sale-"+c.prefix, email, "order-"+c.prefix, c.end().Format(time.RFC3339))
	if status := c.pay(payment.Zapier, zapierToken, []byte(body)); status != http.StatusOK {
		c.shop.t.Fatalf("answered %d", status)
	}
	c.patiently(func() string {
		m, _ := c.realGhost.member(email)
		tier, ends := m.tier(c.shop.t)
		e, _ := c.ledger("zapier:order-" + c.prefix)
		if m.Status != "comped" || tier != "silver" || !ends.Equal(c.end()) || e.MemberID != m.ID || !e.EndsAt.Equal(ends) {
			return fmt.Sprintf("Ghost says %q with %q until %v, the ledger %+v", m.Status, tier, ends, e)
		}
		return ""
	})
}

// freeWithStripe keeps everything that a free member had.
func (c *counter) freeWithStripe() {
	id, email := "free-"+c.prefix, c.who("free")
	before := c.adds(map[string]any{"email": strings.ToUpper(email[:1]) + email[1:], "note": "By hand.", "labels": []string{"VIP", "Early, bird"}})
	m := c.buys(id, email, "gold")
	if m.ID != before.ID || m.Email != before.Email || !slices.Equal(m.Labels, before.Labels) || !slices.Equal(m.Newsletters, before.Newsletters) {
		c.shop.t.Errorf("the member was %+v and is %+v", before, m)
	}
	if !strings.HasPrefix(m.Note, "By hand.\nghostcm: ") {
		c.shop.t.Errorf("the note is %q", m.Note)
	}
}

// freeWithoutStripe must not be written: Ghost would answer 200, and leave the
// member free with a tier.
func (c *counter) freeWithoutStripe() {
	id, email := "free-"+c.prefix, c.who("free")
	before := c.adds(map[string]any{"email": email})
	c.takes(c.bought(id, email, "prod_gold"))
	m := c.becomes(email, "free", "", time.Time{}, id, payment.StateNeedsAttention)
	if m.ID != before.ID || m.Note != "" {
		c.shop.t.Errorf("the member was written: %+v", m)
	}
}

func (c *counter) refundWithStripe() {
	id, email := "refund-"+c.prefix, c.who("refund")
	c.buys(id, email, "gold")
	c.takes(c.refunded("order-"+id, id, email, "prod_gold"))
	c.becomes(email, "free", "", time.Time{}, id, payment.StateRevoked)
	c.buys(id+"again", email, "silver")
}

// refundWithoutStripe leaves an end in the past, which the nightly job carries out.
func (c *counter) refundWithoutStripe() {
	id, email := "refund-"+c.prefix, c.who("refund")
	c.buys(id, email, "gold")
	c.takes(c.refunded("order-"+id, id, email, "prod_gold"))
	yesterday := time.Now().UTC().Truncate(24 * time.Hour).Add(-time.Second)
	c.becomes(email, "comped", "gold", yesterday, id, payment.StateRevoked)
	c.buys(id+"again", email, "silver")
	c.takes(c.refunded("order-"+id+"again", id+"again", email, "prod_silver"))
	c.becomes(email, "comped", "silver", yesterday, id+"again", payment.StateRevoked)
	if c.nightly == "" {
		c.shop.t.Log("not run: the nightly job (GHOSTCM_TEST_GHOST_NIGHTLY)")
		return
	}
	c.runsNightly()
	c.becomes(email, "free", "", time.Time{}, id, payment.StateRevoked)
}

// newAddress is a member's new address, and a renewal that still names the old one.
func (c *counter) newAddress() {
	id, email, other := "moved-"+c.prefix, c.who("moved"), c.who("moved2")
	m := c.buys(id, email, "gold")
	c.edits(m.ID, map[string]any{"email": other})
	c.takes(c.polar(sub{id: id, email: email, product: "prod_gold", what: "updated", status: "active", after: time.Minute, ends: 60 * 24 * time.Hour}))
	if moved := c.becomes(other, "comped", "gold", c.begun.Add(60*24*time.Hour+grace), id, payment.StateGranted); moved.ID != m.ID {
		c.shop.t.Errorf("member %s has become %s", m.ID, moved.ID)
	}
	if _, found := c.realGhost.member(email); found {
		c.shop.t.Error("the old address has become a member of its own")
	}
}

func (c *counter) payerOfAnother() { c.leftAlone("other", c.product(silverTier)) }

func (c *counter) payerOfTheSame() { c.leftAlone("same", c.product(goldTier)) }

// leftAlone is a purchase by somebody who pays in Ghost; it counts once that is over.
func (c *counter) leftAlone(name, product string) {
	if product == "" {
		c.shop.t.Fatal("the stand-in Stripe does not know the tier's product: the tier must be made while it runs")
	}
	id, email := name+"-"+c.prefix, c.who(name)
	before, subscription := c.payer(email, product)
	had, _ := before.tier(c.shop.t)
	if before.Status != "paid" || had == "" {
		c.shop.t.Fatalf("a payer is %q with %q", before.Status, had)
	}
	c.takes(c.bought(id, email, "prod_gold"))
	after := c.becomes(email, "paid", had, time.Time{}, id, payment.StateNative)
	if !slices.Equal(after.Subscriptions, before.Subscriptions) || after.Note != before.Note {
		c.shop.t.Errorf("the payer was %+v and is %+v", before, after)
	}
	c.takes(c.refunded("order-"+id, id, email, "prod_gold"))
	c.becomes(email, "paid", had, time.Time{}, id, payment.StateRevoked)

	c.takes(c.bought(id+"b", email, "prod_gold"))
	c.records(id+"b", payment.StateNative)
	c.stops(subscription)
	c.command("payments", "retry", "polar:"+id+"b", "--yes")
	c.becomes(email, "comped", "gold", c.end().Add(grace), id+"b", payment.StateGranted)
}
