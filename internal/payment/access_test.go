package payment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const week = 7 * 24 * time.Hour

// mapping maps gold and silver, gold the higher.
func mapping(change ...func(*Product)) Mapping {
	gold := Product{ID: "prod_gold", Tier: "gold"}
	for _, c := range change {
		c(&gold)
	}
	return Mapping{
		Products: []Product{gold, {ID: "prod_silver", Tier: "silver"}},
		Tiers:    []string{"gold", "silver"}, Grace: week,
	}
}

// The events of a monthly subscription to gold: paid from a day on, and what else
// can happen to it.
func paid(from int) Event {
	return Event{Action: ActionGrant, OccurredAt: day(from), PeriodEnd: day(from + 30), Paid: true, Renews: true}
}
func shown(on, end int) Event {
	return Event{Action: ActionGrant, OccurredAt: day(on), PeriodEnd: day(end), Renews: true, Snapshot: true}
}
func cancelled(on, end int) Event {
	return Event{Action: ActionKeepUntil, OccurredAt: day(on), PeriodEnd: day(end), Snapshot: true}
}
func overdue(on, since int) Event {
	return Event{Action: ActionPastDue, OccurredAt: day(on), PeriodEnd: day(since), Renews: true, Snapshot: true}
}
func said(a Action, on int) Event { return Event{Action: a, OccurredAt: day(on)} }

// subscription is a subscription to gold of which this was said.
func subscription(events ...Event) Entitlement {
	return entitlementOf(Stripe, Subject{Kind: Subscription, ID: "sub_1"}, "prod_gold", events)
}

func order(events ...Event) Entitlement {
	return entitlementOf(Stripe, Subject{Kind: Order, ID: "cs_1"}, "prod_gold", events)
}

func entitlementOf(provider string, subject Subject, product string, events []Event) Entitlement {
	for i := range events {
		ev := &events[i]
		ev.Provider, ev.Subject = provider, subject
		if ev.ID == "" {
			ev.ID = string(rune('a' + i))
		}
		ev.Key = ev.ID
		if ev.lives() && ev.Products == nil {
			ev.Products = []string{product}
		}
	}
	return merged(events...)
}

func granted(until, ends time.Time, why string) Access {
	return Access{State: StateGranted, Reason: why, Tier: "gold", Until: until, Ends: ends, Next: until}
}
func endsAt(n int, why string) Access {
	return Access{State: StateEndsAt, Reason: why, Tier: "gold", Until: day(n), Ends: day(n), Next: day(n)}
}
func revoked(n int, why string) Access {
	return Access{State: StateRevoked, Reason: why, Tier: "gold", Until: day(n), Ends: day(n)}
}
func renewing(ends int) Access { return granted(day(ends).Add(week), day(ends), "") }

func TestAccessFollowsFromWhatWasSaid(t *testing.T) {
	t.Parallel()
	keepsOn := func(field func(*Product) *Policy, is Policy) Mapping {
		return mapping(func(p *Product) { *field(p) = is })
	}
	onCancel := func(p *Product) *Policy { return &p.OnCancel }
	onRefund := func(p *Product) *Policy { return &p.OnRefund }
	onPartial := func(p *Product) *Policy { return &p.OnPartialRefund }
	onDispute := func(p *Product) *Policy { return &p.OnDispute }
	onPause := func(p *Product) *Policy { return &p.OnPause }
	for name, c := range map[string]struct {
		e    Entitlement
		m    Mapping
		at   int // day
		want Access
	}{
		"a paid month, with grace, as it renews":        {subscription(paid(0)), mapping(), 10, renewing(30)},
		"still, in the grace of a payment that is late": {subscription(paid(0)), mapping(), 36, renewing(30)},
		"not after it":          {subscription(paid(0)), mapping(), 37, Access{State: StateRevoked, Reason: WhyNotRenewed, Tier: "gold", Until: day(37), Ends: day(30)}},
		"a product's own grace": {subscription(paid(0)), mapping(func(p *Product) { p.Grace = 48 * time.Hour }), 31, granted(day(32), day(30), "")},
		"a renewal extends":     {subscription(paid(0), paid(30)), mapping(), 31, renewing(60)},
		"a trial that is shown": {subscription(shown(0, 14)), mapping(), 3, renewing(14)},
		"cancelled, to the end of what is paid, no grace": {subscription(paid(0), cancelled(5, 30)), mapping(), 10, endsAt(30, WhyCancelled)},
		"over at that end, to the moment":                 {subscription(paid(0), cancelled(5, 30)), mapping(), 30, revoked(30, WhyCancelled)},
		"cancelled without an end: that of what is paid":  {subscription(paid(0), said(ActionKeepUntil, 5)), mapping(), 10, endsAt(30, WhyCancelled)},
		"cancelled, the purchase itself not heard of":     {subscription(cancelled(5, 30)), mapping(), 10, endsAt(30, WhyCancelled)},
		"cancelled, ends now by policy":                   {subscription(paid(0), cancelled(5, 30)), keepsOn(onCancel, Now), 10, revoked(5, WhyCancelled)},
		"a cancellation that was taken back":              {subscription(paid(0), cancelled(5, 30), said(ActionUncancel, 6)), mapping(), 10, renewing(30)},
		"taken back, as a later look shows":               {subscription(paid(0), cancelled(5, 30), shown(6, 30)), mapping(), 10, renewing(30)},
		"taken back, as only a later payment shows":       {subscription(paid(0), cancelled(5, 30), paid(30)), mapping(), 31, renewing(60)},
		"a payment alone does not take it back":           {subscription(paid(0), cancelled(5, 30), Event{Action: ActionGrant, OccurredAt: day(6), PeriodEnd: day(30), Paid: true, Renews: true}), mapping(), 10, endsAt(30, WhyCancelled)},
		"overdue: grace from the end of what is paid":     {subscription(paid(0), overdue(31, 30)), mapping(), 32, granted(day(37), day(30), WhyOverdue)},
		"overdue, though the unpaid period was shown":     {subscription(paid(0), shown(30, 60), overdue(31, 30)), mapping(), 32, granted(day(37), day(30), WhyOverdue)},
		"a second failure moves nothing":                  {subscription(paid(0), overdue(31, 30), overdue(34, 34)), mapping(), 35, granted(day(37), day(30), WhyOverdue)},
		"overdue and the grace is over":                   {subscription(paid(0), overdue(31, 30)), mapping(), 37, Access{State: StateRevoked, Reason: WhyOverdue, Tier: "gold", Until: day(37), Ends: day(30)}},
		"overdue is all that was heard":                   {subscription(overdue(31, 30)), mapping(), 32, granted(day(37), day(30), WhyOverdue)},
		"overdue without a word of when":                  {subscription(shown(0, 30), shown(30, 60), said(ActionPastDue, 31), said(ActionPastDue, 34)), mapping(), 35, granted(day(38), day(31), WhyOverdue)},
		"overdue again, after it was well":                {subscription(shown(0, 30), said(ActionPastDue, 31), shown(33, 60), said(ActionPastDue, 61)), mapping(), 62, granted(day(68), day(61), WhyOverdue)},
		"overdue and then paid":                           {subscription(paid(0), overdue(31, 30), paid(33)), mapping(), 34, renewing(63)},
		"overdue in the middle of what is paid":           {subscription(paid(0), said(ActionPastDue, 10)), mapping(), 11, granted(day(37), day(30), WhyOverdue)},
		"overdue and cancelled has no grace":              {subscription(paid(0), overdue(31, 30), Event{Action: ActionKeepUntil, OccurredAt: day(32), PeriodEnd: day(60)}), mapping(), 33, revoked(30, WhyCancelled)},
		"ended at once":                                   {subscription(paid(0), said(ActionRevoke, 12)), mapping(), 13, revoked(12, WhyEnded)},
		"ended, told before it was bought":                {subscription(said(ActionRevoke, 12), paid(0)), mapping(), 13, revoked(12, WhyEnded)},
		"ended and changed in the same second":            {subscription(paid(0), said(ActionRevoke, 12), cancelled(12, 30), shown(12, 30)), mapping(), 13, revoked(12, WhyEnded)},
		"ended, and later paid again":                     {subscription(paid(0), said(ActionRevoke, 12), paid(20)), mapping(), 21, renewing(50)},
		"paused revokes":                                  {subscription(paid(0), said(ActionSuspend, 9)), mapping(), 10, revoked(9, WhyPaused)},
		"paused keeps what is paid, by policy":            {subscription(paid(0), said(ActionSuspend, 9)), keepsOn(onPause, Keep), 10, endsAt(30, "")},
		"resumed":                                         {subscription(paid(0), said(ActionSuspend, 9), said(ActionResume, 12)), mapping(), 13, renewing(30)},
		"not paused any more, as a later look shows":      {subscription(paid(0), said(ActionSuspend, 9), shown(12, 30)), mapping(), 13, renewing(30)},
		"refunded":                                         {subscription(paid(0), said(ActionRefund, 4)), mapping(), 5, revoked(4, WhyRefunded)},
		"refunded keeps, by policy":                        {subscription(paid(0), said(ActionRefund, 4)), keepsOn(onRefund, Keep), 5, granted(day(37), day(30), WhyPartlyRefunded)},
		"refunded, told before it was bought":              {order(said(ActionRefund, 4), Event{Action: ActionGrant, Paid: true, OccurredAt: day(0)}), mapping(), 5, revoked(4, WhyRefunded)},
		"refunded, and shown as active after":              {subscription(paid(0), said(ActionRefund, 4), shown(5, 30), shown(30, 60)), mapping(), 31, revoked(4, WhyRefunded)},
		"refunded, and the next month paid":                {subscription(paid(0), said(ActionRefund, 4), paid(30)), mapping(), 31, granted(day(67), day(60), WhyPartlyRefunded)},
		"partly refunded is noted":                         {subscription(paid(0), said(ActionPartialRefund, 4)), mapping(), 5, granted(day(37), day(30), WhyPartlyRefunded)},
		"partly refunded revokes, by policy":               {subscription(paid(0), said(ActionPartialRefund, 4)), keepsOn(onPartial, Revoke), 5, revoked(4, WhyPartlyRefunded)},
		"disputed":                                         {subscription(paid(0), said(ActionDispute, 4)), mapping(), 5, revoked(4, WhyDisputed)},
		"disputed keeps, by policy":                        {subscription(paid(0), said(ActionDispute, 4)), keepsOn(onDispute, Keep), 5, renewing(30)},
		"disputed, also while the next month is paid":      {subscription(paid(0), said(ActionDispute, 4), paid(30)), mapping(), 31, revoked(4, WhyDisputed)},
		"dispute won":                                      {subscription(paid(0), said(ActionDispute, 4), said(ActionDisputeWon, 8)), mapping(), 9, renewing(30)},
		"dispute won, told before it was opened":           {subscription(paid(0), said(ActionDisputeWon, 8), said(ActionDispute, 4)), mapping(), 9, renewing(30)},
		"dispute lost":                                     {subscription(paid(0), said(ActionDispute, 4), said(ActionDisputeLost, 8)), mapping(), 9, revoked(8, WhyDisputeLost)},
		"dispute lost, and the next month paid":            {subscription(paid(0), said(ActionDisputeLost, 8), paid(30)), mapping(), 31, renewing(60)},
		"dispute lost is money gone, whatever disputes do": {subscription(paid(0), said(ActionDisputeLost, 8)), keepsOn(onDispute, Keep), 9, revoked(8, WhyDisputeLost)},
		"bought once, for ever":                            {order(Event{Action: ActionGrant, Paid: true, OccurredAt: day(0)}), mapping(), 999, granted(day(0).AddDate(Lifetime, 0, 0), day(0).AddDate(Lifetime, 0, 0), "")},
		"bought once, with a length":                       {order(Event{Action: ActionGrant, Paid: true, OccurredAt: day(0)}), mapping(func(p *Product) { p.Length = 30 * 24 * time.Hour }), 29, endsAt(30, "")},
		"bought once, after its length":                    {order(Event{Action: ActionGrant, Paid: true, OccurredAt: day(0)}), mapping(func(p *Product) { p.Length = 30 * 24 * time.Hour }), 30, revoked(30, WhyEnded)},
		"bought once, with an end of its own":              {order(Event{Action: ActionGrant, Paid: true, OccurredAt: day(0), PeriodEnd: day(90)}), mapping(func(p *Product) { p.Length = time.Hour }), 29, endsAt(90, "")},
		"a length says nothing of what tells its end":      {subscription(paid(0)), mapping(func(p *Product) { p.Length = time.Hour }), 10, renewing(30)},
		"a last cycle has no grace":                        {subscription(Event{Action: ActionGrant, OccurredAt: day(0), PeriodEnd: day(30), Paid: true, Snapshot: true}), mapping(), 10, endsAt(30, "")},
		"a subscription that tells no end: a year":         {subscription(Event{Action: ActionGrant, Paid: true, Renews: true, OccurredAt: day(0)}), mapping(), 10, granted(day(366).Add(week), day(366), WhyUnknownEnd)},
		"one that tells no end, with a length":             {subscription(Event{Action: ActionGrant, Paid: true, Renews: true, OccurredAt: day(0)}), mapping(func(p *Product) { p.Length = 30 * 24 * time.Hour }), 10, granted(day(37), day(30), "")},
		"one that tells no end, cancelled: a month":        {subscription(Event{Action: ActionGrant, Paid: true, Renews: true, OccurredAt: day(0)}, said(ActionKeepUntil, 5)), mapping(), 10, endsAt(36, WhyCancelled)},
		"a payment with a length":                          {subscription(Event{Action: ActionExtend, Paid: true, Renews: true, OccurredAt: day(0), Period: 30 * 24 * time.Hour}), mapping(), 10, renewing(30)},
		"nothing is known but who it is":                   {subscription(said(ActionContact, 0)), mapping(), 1, Access{State: StatePending, Reason: WhyUnpaid}},
		"a sign-up without a payment":                      {subscription(Event{Action: ActionUncancel, Snapshot: true, Renews: true, OccurredAt: day(0), Period: 30 * 24 * time.Hour}), mapping(), 1, Access{State: StatePending, Reason: WhyUnpaid, Tier: "gold"}},
		"a sign-up whose first payment failed":             {subscription(Event{Action: ActionUncancel, Snapshot: true, Renews: true, OccurredAt: day(0)}, said(ActionPastDue, 0)), mapping(), 1, Access{State: StatePending, Reason: WhyUnpaid, Tier: "gold"}},
		"a sign-up that was cancelled before it was paid":  {subscription(Event{Action: ActionUncancel, Snapshot: true, Renews: true, OccurredAt: day(0)}, said(ActionKeepUntil, 1)), mapping(), 1, Access{State: StatePending, Reason: WhyUnpaid, Tier: "gold"}},
		"refunded, the purchase itself not heard of":       {order(said(ActionRefund, 4)), mapping(), 5, Access{State: StateRevoked, Reason: WhyRefunded, Until: day(4), Ends: day(4)}},
		"a product that nothing is mapped to":              {entitlementOf(Stripe, Subject{Kind: Subscription, ID: "sub_1"}, "prod_x", []Event{paid(0)}), mapping(), 10, Access{State: StateUnmapped, Reason: WhyUnmapped, Until: day(37), Ends: day(30), Next: day(37)}},
		"and that is over":                                 {entitlementOf(Stripe, Subject{Kind: Subscription, ID: "sub_1"}, "prod_x", []Event{paid(0), said(ActionRevoke, 5)}), mapping(), 10, Access{State: StateRevoked, Reason: WhyEnded, Until: day(5), Ends: day(5)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, c.e.Access(c.m, day(c.at))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGivingNothingAnEntitlementNeverAsksToBeLookedAt(t *testing.T) {
	t.Parallel()
	e := subscription(paid(0), cancelled(5, 30))
	if a := e.Access(mapping(), day(10)); !a.Next.Equal(day(30)) {
		t.Errorf("it is looked at again %s, not at its end", a.Next)
	}
	if a := e.Access(mapping(), day(30)); !a.Next.IsZero() {
		t.Errorf("it is over, and looked at again %s", a.Next)
	}
}
