package entitlement

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Tiers of the table, the highest first; team is in no mapping.
const (
	gold   = "00000000000000000000000a"
	silver = "00000000000000000000000b"
	team   = "00000000000000000000000c"
)

func noon(day int) time.Time { return time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC) }

func ranked(slug string) (int, bool) {
	i := slices.Index([]string{gold, silver}, slug)
	return max(i, 0), i >= 0
}

func itself(tierID string) string { return tierID }

func has(status string, tiers ...ghost.HeldTier) ghost.Access {
	return ghost.Access{ID: "1", Status: status, Tiers: tiers}
}

func tier(id string, until time.Time) ghost.HeldTier {
	return ghost.HeldTier{ID: id, Slug: id, ExpiryAt: until}
}

func recorded(id string, until time.Time) store.Grant {
	return store.Grant{MemberID: "1", TierID: id, ExpiryAt: until}
}

// subscribed is a member with a subscription of Stripe's.
func subscribed(status, state, plan string, tiers ...ghost.HeldTier) ghost.Access {
	a := has(status, tiers...)
	a.Subscriptions = []ghost.Subscription{{ID: "sub_1", Status: state, Plan: plan}}
	return a
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	never := time.Time{}
	type brief struct {
		Act    act
		TierID string
		Until  time.Time
		Before *store.Comp
		State  payment.State
		Forget bool
	}
	attention, native, manual := payment.StateNeedsAttention, payment.StateNative, payment.StateManual
	wish := func(id string, until time.Time) want { return want{tierID: id, slug: id, until: until} }
	earlier := recorded(gold, noon(28))
	earlier.Previous = &store.Comp{TierID: silver, ExpiryAt: noon(25)}
	swapped := recorded(gold, noon(28))
	swapped.Before = &store.Comp{TierID: silver, ExpiryAt: noon(30)}
	swappedForGood, swappedOver := swapped, swapped
	swappedForGood.Before = &store.Comp{TierID: silver}
	swappedOver.Before = &store.Comp{TierID: silver, ExpiryAt: noon(20)}
	revoked := recorded(gold, noon(28))
	revoked.Revoked = true
	grantGold := brief{Act: actGrant, TierID: gold, Until: noon(28)}
	yesterday := time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC)
	tests := map[string]struct {
		access          ghost.Access
		want            want
		grant           store.Grant
		stripe, without brief // with Stripe in Ghost, and without
	}{
		"free and new":                                   {has("free"), wish(gold, noon(28)), store.Grant{}, grantGold, brief{State: attention}},
		"comped without a tier":                          {has("comped"), wish(gold, noon(28)), store.Grant{}, grantGold, grantGold},
		"ours as it should be":                           {has("comped", tier(gold, noon(28))), wish(gold, noon(28)), recorded(gold, noon(28)), brief{}, brief{}},
		"ours, renewed":                                  {has("comped", tier(gold, noon(25))), wish(gold, noon(28)), recorded(gold, noon(25)), grantGold, grantGold},
		"ours, shortened":                                {has("comped", tier(gold, noon(30))), wish(gold, noon(28)), recorded(gold, noon(30)), grantGold, grantGold},
		"ours, another tier":                             {has("comped", tier(silver, noon(30))), wish(gold, noon(28)), recorded(silver, noon(30)), grantGold, grantGold},
		"ours, whose write never came":                   {has("comped", tier(silver, noon(25))), wish(gold, noon(28)), earlier, grantGold, grantGold},
		"ours, over, not swept":                          {has("comped", tier(gold, noon(20))), wish(gold, noon(28)), recorded(gold, noon(20)), grantGold, grantGold},
		"ours, over, and swept":                          {has("free"), wish(gold, noon(28)), recorded(gold, noon(20)), grantGold, brief{State: attention}},
		"ours on a free member":                          {has("free", tier(gold, noon(28))), wish(gold, noon(28)), recorded(gold, noon(28)), brief{Act: actRegrant, TierID: gold, Until: noon(28)}, brief{State: attention}},
		"a comp by hand, the same tier":                  {has("comped", tier(gold, noon(23))), wish(gold, noon(28)), store.Grant{}, brief{State: manual}, brief{State: manual}},
		"ours, prolonged by hand":                        {has("comped", tier(gold, noon(29))), wish(gold, noon(28)), recorded(gold, noon(28)), brief{State: manual}, brief{State: manual}},
		"ours, made endless by hand":                     {has("comped", tier(gold, never)), wish(gold, noon(28)), recorded(gold, noon(28)), brief{State: manual}, brief{State: manual}},
		"a higher comp by hand":                          {has("comped", tier(gold, never)), wish(silver, noon(28)), store.Grant{}, brief{State: manual}, brief{State: manual}},
		"a comp by hand without rank":                    {has("comped", tier(team, never)), wish(gold, noon(28)), store.Grant{}, brief{State: manual}, brief{State: manual}},
		"a comp by hand that has ended":                  {has("comped", tier(silver, noon(20))), wish(gold, noon(28)), store.Grant{}, grantGold, grantGold},
		"a lower comp by hand":                           {has("comped", tier(silver, noon(30))), wish(gold, noon(28)), store.Grant{}, brief{Act: actGrant, TierID: gold, Until: noon(28), Before: &store.Comp{TierID: silver, ExpiryAt: noon(30)}}, brief{Act: actGrant, TierID: gold, Until: noon(28), Before: &store.Comp{TierID: silver, ExpiryAt: noon(30)}}},
		"several by hand, one of it":                     {has("comped", tier(silver, never), tier(gold, never)), wish(gold, noon(28)), store.Grant{}, brief{State: manual}, brief{State: manual}},
		"several by hand, all lower":                     {has("comped", tier(silver, never), tier(team, never)), wish(gold, noon(28)), store.Grant{}, brief{State: attention}, brief{State: attention}},
		"a tier by hand on a free one":                   {has("free", tier(gold, never)), wish(gold, noon(28)), store.Grant{}, brief{State: attention}, brief{State: attention}},
		"swapped, renewed":                               {has("comped", tier(gold, noon(28))), wish(gold, noon(29)), swapped, brief{Act: actGrant, TierID: gold, Until: noon(29), Before: swapped.Before}, brief{Act: actGrant, TierID: gold, Until: noon(29), Before: swapped.Before}},
		"swapped, and the lower bought":                  {has("comped", tier(gold, noon(28))), wish(silver, noon(29)), swapped, brief{Act: actRestore, TierID: silver, Until: noon(30), State: manual, Forget: true}, brief{Act: actRestore, TierID: silver, Until: noon(30), State: manual, Forget: true}},
		"swapped for what is over, and the lower bought": {has("comped", tier(gold, noon(28))), wish(silver, noon(29)), swappedOver, brief{Act: actGrant, TierID: silver, Until: noon(29), Before: swappedOver.Before}, brief{Act: actGrant, TierID: silver, Until: noon(29), Before: swappedOver.Before}},
		"a payer":                        {subscribed("paid", "active", "Monthly", tier(gold, never)), wish(gold, noon(28)), store.Grant{}, brief{State: native}, brief{State: native}},
		"a payer of another tier":        {subscribed("paid", "past_due", "Monthly", tier(silver, never)), wish(gold, noon(28)), store.Grant{}, brief{State: native}, brief{State: native}},
		"a payer whose status lags":      {subscribed("free", "trialing", "Monthly"), wish(gold, noon(28)), store.Grant{}, brief{State: native}, brief{State: native}},
		"one who had been a payer":       {subscribed("free", "canceled", "Monthly"), wish(gold, noon(28)), store.Grant{}, grantGold, brief{State: attention}},
		"a gift":                         {has("gift", tier(silver, noon(30))), wish(gold, noon(28)), store.Grant{}, brief{State: native}, brief{State: native}},
		"comped by Stripe":               {subscribed("comped", "active", "Complimentary", tier(silver, never)), wish(gold, noon(28)), store.Grant{}, brief{State: attention}, brief{State: attention}},
		"nothing, and none":              {has("free"), want{}, store.Grant{}, brief{Forget: true}, brief{Forget: true}},
		"to take":                        {has("comped", tier(gold, noon(28))), want{}, recorded(gold, noon(28)), brief{Act: actRevoke, Forget: true}, brief{Act: actExpire, TierID: gold, Until: yesterday}},
		"to take, before the last write": {has("comped", tier(silver, noon(25))), want{}, earlier, brief{Act: actRevoke, Forget: true}, brief{Act: actExpire, TierID: silver, Until: yesterday}},
		"to take, over":                  {has("comped", tier(gold, noon(20))), want{}, recorded(gold, noon(20)), brief{Act: actRevoke, Forget: true}, brief{}},
		"to take, swept":                 {has("free"), want{}, recorded(gold, noon(28)), brief{Forget: true}, brief{Forget: true}},
		"to take, tier gone, comped":     {has("comped"), want{}, revoked, brief{Act: actExpire, TierID: gold, Until: yesterday}, brief{Act: actExpire, TierID: gold, Until: yesterday}},
		"comped without a tier by hand":  {has("comped"), want{}, store.Grant{}, brief{Forget: true}, brief{Forget: true}},
		"to take from one by hand":       {has("comped", tier(gold, never)), want{}, recorded(gold, noon(28)), brief{Forget: true}, brief{Forget: true}},
		"to take one of several":         {has("comped", tier(gold, noon(28)), tier(silver, never)), want{}, recorded(gold, noon(28)), brief{State: attention}, brief{State: attention}},
		"to give back":                   {has("comped", tier(gold, noon(28))), want{}, swapped, brief{Act: actRestore, TierID: silver, Until: noon(30), Forget: true}, brief{Act: actRestore, TierID: silver, Until: noon(30), Forget: true}},
		"to give back for good":          {has("comped", tier(gold, noon(28))), want{}, swappedForGood, brief{Act: actRestore, TierID: silver, Forget: true}, brief{Act: actRestore, TierID: silver, Forget: true}},
		"to give back what is over":      {has("comped", tier(gold, noon(28))), want{}, swappedOver, brief{Act: actRevoke, Forget: true}, brief{Act: actExpire, TierID: gold, Until: yesterday}},
		"given back already":             {has("comped", tier(silver, noon(30))), want{}, swapped, brief{Forget: true}, brief{Forget: true}},
		"to take from a payer":           {subscribed("paid", "active", "Monthly", tier(gold, noon(28))), want{}, recorded(gold, noon(28)), brief{}, brief{}},
		"to take from who pays now":      {subscribed("paid", "active", "Monthly", tier(gold, never)), want{}, recorded(gold, noon(28)), brief{Forget: true}, brief{Forget: true}},
	}
	for name, tt := range tests {
		for stripe, wanted := range map[bool]brief{true: tt.stripe, false: tt.without} {
			d := decide(situation{access: tt.access, want: tt.want, grant: tt.grant, stripe: stripe, rank: ranked, slug: itself, now: noon(22)})
			got := brief{d.act, d.tierID, d.until, d.before, d.state, d.forget}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("%s, Stripe %v: %s", name, stripe, diff)
			}
			if d.state != "" && (d.reason == "" || d.again.IsZero()) || d.state == attention && d.remedy == "" {
				t.Errorf("%s, Stripe %v: a state without its reason, remedy or next look: %+v", name, stripe, d)
			}
		}
	}
}

// TestNothingThatIsOthersIsWritten walks through many situations: whatever is
// wanted, a payer's tiers and a comp given by hand are not written away.
func TestNothingThatIsOthersIsWritten(t *testing.T) {
	t.Parallel()
	ends := []time.Time{{}, noon(20), noon(25), noon(28)}
	statuses := []string{"free", "comped", "paid", "gift", "patron"}
	var tiers [][]ghost.HeldTier
	tiers = append(tiers, nil)
	for _, id := range []string{gold, silver, team} {
		for _, end := range ends {
			tiers = append(tiers, []ghost.HeldTier{tier(id, end)})
		}
	}
	for _, status := range statuses {
		for _, held := range tiers {
			for _, wanted := range []want{{}, {gold, gold, noon(28)}, {silver, silver, noon(25)}} {
				for _, stripe := range []bool{true, false} {
					a := has(status, held...)
					d := decide(situation{access: a, want: wanted, stripe: stripe, rank: ranked, slug: itself, now: noon(22)})
					if status != "free" && status != "comped" && d.act != actNone {
						t.Errorf("%s %v: %s", status, held, d.act)
					}
					byHand := len(held) == 1 && (held[0].ExpiryAt.IsZero() || held[0].ExpiryAt.After(noon(22)))
					if byHand && d.act != actNone && (d.before == nil || d.before.TierID != held[0].ID || !d.before.ExpiryAt.Equal(held[0].ExpiryAt)) {
						t.Errorf("%s %v, wanted %v: %s forgets what was given by hand", status, held, wanted, d.act)
					}
					if !stripe && (d.act == actRevoke || d.act == actRegrant) {
						t.Errorf("%s %v: %s without Stripe leaves a member comped for ever", status, held, d.act)
					}
				}
			}
		}
	}
}
