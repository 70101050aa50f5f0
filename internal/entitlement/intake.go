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

// maxWaiting bounds what is taken in before its provider was asked about it: so
// much nobody sells in an hour, and it fits into Redis.
const maxWaiting = 5000

var errTooManyWait = errors.New("too many deliveries wait that only their provider can verify")

// Accept makes a delivery durable: once it returns without an error, the delivery
// and a job that will see it are in Redis.
func (i Intake) Accept(ctx context.Context, d store.PaymentDelivery, event string) (fresh bool, err error) {
	if d.Unproven {
		if waiting, err := i.Store.WaitingDeliveries(ctx); err != nil || waiting >= maxWaiting {
			return false, errors.Join(err, errTooManyWait)
		}
	}
	job := encode(jobs.Spec{Kind: KindPayment, Site: d.Site, Key: d.ID, Event: event, ReceivedAt: d.ReceivedAt})
	fresh, err = i.Store.AcceptDelivery(ctx, d, job)
	if err == nil && fresh {
		i.Queue.Wake()
	}
	return fresh, err
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
