package entitlement

import (
	"context"
	"errors"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Intake takes what payment providers send for the workers.
type Intake struct {
	Store *store.Store
	Queue *jobs.Queue
}

// What is taken in before its provider was asked about it is bounded, in all, as much
// as fits into Redis, and of one network in an hour, so that no stranger alone makes
// the others wait. So much nobody sells, and who does is served by other networks too.
const (
	maxWaiting     = 5000
	maxFromNetwork = 1000
)

var errTooManyWait = errors.New("too many deliveries wait that only their provider can verify")

// Accept makes a delivery durable: once it returns without an error, the delivery
// and a job that will see it are in Redis.
func (i Intake) Accept(ctx context.Context, d store.PaymentDelivery, event string) (fresh bool, err error) {
	if d.Unproven {
		if err := i.mayWait(ctx, d); err != nil {
			return false, err
		}
	}
	job := encode(jobs.Spec{Kind: KindPayment, Site: d.Site, Key: d.ID, Event: event, ReceivedAt: d.ReceivedAt})
	fresh, err = i.Store.AcceptDelivery(ctx, d, job)
	if err == nil && fresh {
		i.Queue.Wake()
	}
	return fresh, err
}

// mayWait says whether there is room for one that anybody may have sent. What comes
// out of quarantine again was counted when it came.
func (i Intake) mayWait(ctx context.Context, d store.PaymentDelivery) error {
	waiting, err := i.Store.WaitingDeliveries(ctx)
	if err != nil || waiting >= maxWaiting {
		return errors.Join(err, errTooManyWait)
	}
	if d.Source == store.FromQuarantine {
		return nil
	}
	n, err := i.Store.CountUnproven(ctx, d)
	if err != nil || n > maxFromNetwork {
		return errors.Join(err, errTooManyWait)
	}
	return nil
}

// Quarantine keeps a delivery that gives nothing as things are, for 7 days; kept is
// false if there is no room for it.
func (i Intake) Quarantine(ctx context.Context, d store.PaymentDelivery, reason string) (kept bool, err error) {
	return i.Store.Quarantine(ctx, d, reason)
}

// encode makes the bytes of a job for a script of the store.
func encode(s jobs.Spec) store.Job {
	e := jobs.Encode(s)
	return store.Job{ID: e.ID, QueueKey: e.QueueKey, Raw: e.Raw, WakeChannel: e.WakeChannel}
}
