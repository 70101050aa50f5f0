package entitlement

import (
	"context"
	"errors"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Release verifies again what is quarantined of a provider, as of the time when it
// came, and takes in what turns out to be genuine. It returns how many that were.
func (f *Flow) Release(ctx context.Context, site, provider string) (released int, err error) {
	s := f.sites[site]
	if s == nil {
		return 0, errNoSite
	}
	return f.release(ctx, s, provider, time.UnixMilli(0), 0)
}

// release is Release of what was quarantined since the given time, and of no more than
// so many; 0 is all.
func (f *Flow) release(ctx context.Context, s *Site, provider string, since time.Time, most int) (released int, err error) {
	intake, looked, site := Intake{Store: f.Store, Queue: f.Queue}, 0, s.Name
	for d, err := range f.Store.QuarantinedSince(ctx, site, provider, since) {
		if err != nil {
			return released, err
		}
		if looked++; most > 0 && looked > most {
			break
		}
		genuine, unproven := f.verifyAgain(ctx, d, s.Proofs[provider])
		if !genuine {
			continue
		}
		d.Source, d.Reason, d.Unproven = store.FromQuarantine, "", unproven
		if !unproven {
			d = d.WithoutToken()
		}
		if _, err := intake.Accept(ctx, d, ""); err != nil {
			return released, err
		}
		if err := f.Store.DropQuarantined(ctx, site, provider, d.ID); err != nil {
			return released, err
		}
		released++
	}
	if released > 0 {
		f.Log.InfoContext(ctx, "payment_quarantine.released", "site", site, "provider", provider, "deliveries", released)
	}
	return released, nil
}

// verifyAgain says whether a delivery is genuine by the settings of today, or may be
// and only its provider can tell.
func (f *Flow) verifyAgain(ctx context.Context, d store.PaymentDelivery, proofs []string) (genuine, unproven bool) {
	if d.Reason != string(payment.ReasonTest) || d.Unproven { // else it was genuine, and kept without its token
		err := f.Prove(ctx, d, proofs)
		if _, refused := errors.AsType[*payment.Refused](err); refused {
			return false, false
		}
		if err != nil {
			return true, true
		}
	}
	events, err := payment.Normalise(d.Provider, d.Body, d.HeaderValue, d.ReceivedAt)
	if err != nil {
		return true, false // its job says why it cannot be read
	}
	for _, e := range events {
		if !e.Real(f.TestEvents) {
			return false, false
		}
	}
	return true, false
}
