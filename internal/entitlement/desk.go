package entitlement

import (
	"context"
	"errors"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Desk is where an operator settles what machines cannot. It changes the ledger
// and asks for jobs; the workers do the rest.
type Desk struct {
	Store *store.Store
	Queue *jobs.Queue
}

// ErrUnknown says that a site's ledger has no such entitlement.
var ErrUnknown = errors.New("the ledger has no such entitlement")

// Link gives an entitlement to a member, by the id in Ghost, whatever address paid
// for it. It returns the entitlement as it was. Whoever had it before loses what it
// gave, unless another of theirs gives it too.
func (d Desk) Link(ctx context.Context, site, id, memberID string) (was payment.Entitlement, err error) {
	for range maxTries {
		v, found, err := d.Store.Entitlement(ctx, site, id)
		switch {
		case err != nil:
			return was, err
		case !found:
			return was, ErrUnknown
		}
		was = v.Entitlement
		e := was
		e.Link(memberID)
		_, saved, err := d.Store.SaveEntitlement(ctx, e, v.Version, accessJob(e))
		if err != nil {
			return was, err
		}
		if saved {
			d.Queue.Wake()
			return was, nil
		}
	}
	return was, errContended
}

// Retry has an entitlement's access looked at anew, and written if Ghost lacks it.
func (d Desk) Retry(ctx context.Context, e payment.Entitlement) error {
	_, err := d.Queue.Enqueue(ctx, accessSpec(e))
	return err
}

// Look has what a member bought looked at anew, if anything: Ghost has told that the
// member changed, and what was left alone before may be ours to give now.
func (d Desk) Look(ctx context.Context, site, memberID string) error {
	theirs, err := d.Store.EntitlementsOf(ctx, site, store.HolderMember(memberID))
	if err != nil || len(theirs) == 0 {
		return err
	}
	spec := accessSpec(theirs[0].Entitlement) // one job looks at all that a person has
	spec.Event = "member"
	_, err = d.Queue.Enqueue(ctx, spec)
	return err
}

// eventOperator is the event of jobs that a person asked for.
const eventOperator = "operator"

func accessSpec(e payment.Entitlement) jobs.Spec {
	return jobs.Spec{Kind: KindAccess, Site: e.Site, Key: e.ID, Event: eventOperator, EmailHash: member.AddressHash(e.Email())}
}

func accessJob(e payment.Entitlement) store.Job { return encode(accessSpec(e)) }
