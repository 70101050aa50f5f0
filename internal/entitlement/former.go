package entitlement

import (
	"context"
	"errors"
	"slices"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// leaveFormers takes from members what an entitlement gave that is another's now.
func (v *visit) leaveFormers(ctx context.Context) error {
	e := &v.about.Entitlement
	if e.Linked == "" {
		return nil
	}
	formers := append([]string{e.Outcome.MemberID}, e.Formers...)
	if e.LinkedBy == payment.LinkedByOperator {
		payer, err := v.unlinked(ctx)
		if err != nil {
			return err
		}
		formers = append(formers, payer)
	}
	slices.Sort(formers)
	for _, id := range slices.Compact(formers) {
		if id == e.Linked || !ghost.ValidID(id) {
			continue
		}
		if err := v.leave(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// unlinked is the member who would have the entitlement if nobody had linked it, ""
// if there is none. Between the write to Ghost and the ledger's taking note of it,
// a process may have ended, or the link come: only the intent tells of that then.
func (v *visit) unlinked(ctx context.Context) (id string, err error) {
	e := &v.about.Entitlement
	if e.Customer.MemberID != "" || e.Email() == "" {
		return e.Customer.MemberID, nil
	}
	v.met = true
	a, _, err := v.byAnySpelling(ctx, e.Email())
	if errors.Is(err, ghost.ErrUnsearchable) { // such an address no member can have
		return "", nil
	}
	return a.ID, err
}

// leave brings a former's access to what is theirs still. Of whom nothing was ever
// meant to be given, nothing is to be taken.
func (v *visit) leave(ctx context.Context, id string) error {
	p, found, err := v.memberByID(ctx, id)
	if err != nil || !found {
		return err
	}
	grant, err := v.grantOf(ctx, p)
	if err != nil || grant.MemberID == "" {
		return err
	}
	theirs, err := v.held(ctx, p)
	if err != nil {
		return err
	}
	return v.bring(ctx, p, theirs)
}
