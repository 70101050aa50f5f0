package worker

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Inbox takes verified webhooks for the workers.
type Inbox struct {
	Store *store.Store
	Queue *jobs.Queue
}

// Accept makes a delivery durable: once it returns without an error, the event
// and a job that will see it are in Redis.
func (i Inbox) Accept(ctx context.Context, d store.Delivery) (store.Receipt, error) {
	email := d.Event.Facts.Email.Value
	job := encode(jobs.Spec{
		Kind: KindMember, Site: d.Site, Key: d.Event.Facts.ID,
		Event: string(d.Event.Type), EmailHash: member.AddressHash(email), Address: addressName(email),
		ReceivedAt: d.ReceivedAt,
	})
	receipt, err := i.Store.Accept(ctx, d, job)
	if err == nil {
		i.Queue.Wake()
	}
	return receipt, err
}

func addressName(email string) string {
	if email == "" {
		return ""
	}
	return store.AddressName(email)
}

// encode makes the bytes of a job for a script of the store.
func encode(s jobs.Spec) store.Job {
	e := jobs.Encode(s)
	return store.Job{ID: e.ID, QueueKey: e.QueueKey, Raw: e.Raw, WakeChannel: e.WakeChannel}
}

// again is a new job for what an old one was about.
func again(job jobs.Job) store.Job {
	return encode(jobs.Spec{
		Kind: job.Kind, Site: job.Site, Key: job.Key,
		Event: job.Event, EmailHash: job.EmailHash, Address: job.Address, ReceivedAt: job.ReceivedAt,
	})
}
