package cli

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// askForPayments asks what the purchases of a site ask.
func askForPayments(t *testing.T, s *store.Store) (failures []error) {
	t.Helper()
	ctx, note := t.Context(), func(_ any, err error) { failures = append(failures, err) }
	job := jobs.Encode(jobs.Spec{Kind: "payment", Site: "quiet", Key: "none"})
	push := store.Job{ID: job.ID, QueueKey: job.QueueKey, Raw: job.Raw, WakeChannel: job.WakeChannel}
	delivery := store.PaymentDelivery{ID: "1", Site: "quiet", Provider: "stripe", Body: []byte("{}")}
	for range 2 {
		note(s.AcceptDelivery(ctx, delivery, push))
		note(s.Quarantine(ctx, delivery, "a test"))
	}
	note(s.ClaimDeliveries(ctx, time.Now(), time.Now(), 10))
	note(nil, s.DeferDelivery(ctx, "quiet", "1", time.Now()))
	note(nil, s.FinishDelivery(ctx, "quiet", "1"))
	note(s.WaitingDeliveries(ctx))
	_, _, err := s.Delivery(ctx, "quiet", "1")
	note(nil, err)
	for _, err := range s.Quarantined(ctx, "quiet", "stripe") {
		note(nil, err)
	}
	note(s.QuarantineSize(ctx, "quiet", "stripe"))
	note(nil, s.DropQuarantined(ctx, "quiet", "stripe", "1"))
	return append(failures, askForTheLedger(t, s, push)...)
}

func askForTheLedger(t *testing.T, s *store.Store, push store.Job) (failures []error) {
	t.Helper()
	ctx, note := t.Context(), func(_ any, err error) { failures = append(failures, err) }
	bought := payment.Event{
		Provider: "stripe", ID: "evt_1", Action: payment.ActionGrant, Paid: true, OccurredAt: time.Now(),
		Subject: payment.Subject{Kind: payment.Order, ID: "1"}, Aliases: []string{"charge:1"}, Products: []string{"p"},
		Customer: payment.Customer{ID: "cus_1", Email: "jo@example.org"},
	}
	note(s.KeepOrphan(ctx, "quiet", bought))
	note(s.Orphans(ctx, "quiet", "stripe", bought.Aliases))
	note(nil, s.DropOrphans(ctx, "quiet", "stripe", bought.Aliases))
	e := payment.Entitlement{Site: "quiet"}
	e.Merge(bought)
	was := store.Version("")
	for _, state := range []payment.State{payment.StateUnmapped, payment.StateRevoked, payment.StateGranted} {
		e.Outcome.State, e.Linked = state, string(state)
		var err error
		was, _, err = s.SaveEntitlement(ctx, e, was, push)
		note(nil, err)
	}
	note(s.ByAlias(ctx, "quiet", "stripe", bought.Aliases))
	for _, f := range []store.EntitlementFilter{
		{Site: "quiet"}, {Site: "quiet", After: e.ID}, {Site: "quiet", Holders: []store.Holder{store.HolderAddress("jo@example.org")}},
	} {
		for _, err := range s.Entitlements(ctx, f) {
			note(nil, err)
		}
	}
	note(s.EntitlementCounts(ctx, "quiet"))
	note(nil, s.SetDue(ctx, "quiet", e.ID, time.Now()))
	note(s.ClaimDue(ctx, time.Now(), 10))
	note(nil, s.SetDue(ctx, "quiet", e.ID, time.Time{}))
	note(nil, s.KeepContact(ctx, "quiet", "stripe", bought.Customer, time.Now()))
	_, _, _, err := s.Contact(ctx, "quiet", "stripe", "cus_1")
	note(nil, err)
	lease, _, err := s.Lock(ctx, "quiet", "m1", time.Minute)
	note(nil, err)
	note(nil, s.KeepGrant(ctx, "quiet", store.Grant{MemberID: "m1"}, lease))
	_, _, err = s.Grant(ctx, "quiet", "m1")
	note(nil, err)
	note(nil, s.DropGrant(ctx, "quiet", "m1", lease))
	return failures
}
