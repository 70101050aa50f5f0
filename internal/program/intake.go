package program

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/intake"
	"github.com/ghostcm/ghostcm/internal/spool"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// The kinds of deliveries in the spool. They are names on disk.
const (
	spooledMember  = "ghost"
	spooledPayment = "payment"
)

// newIntake is the way of deliveries into Redis.
func (p *Program) newIntake() *intake.Intake {
	return intake.New(intake.Options{
		Ask: p.Store.Incarnation, Refuses: store.Refuses, Drained: p.spoolDrained, Log: p.opt.Log, Now: time.Now,
		Ways: map[string]intake.Way{spooledMember: p.handInMember, spooledPayment: p.handInPayment},
	})
}

// keepIntake lets deliveries wait on disk, and hands in what waits, until stop is
// called, which waits. Without a disk that it can write to, what Redis does not take
// is refused.
func (p *Program) keepIntake(ctx context.Context) (stop func()) {
	disk, err := spool.Open(spool.In(p.opt.Config.StateDir), time.Now)
	if err != nil {
		p.opt.Log.Error("spool.unusable", "reason", err.Error(),
			"hint", "webhooks are refused while Redis is away; let STATE_DIR be writable")
	} else {
		p.intake.Spill(disk)
	}
	// What is answered while the server drains may still go to disk, and from there.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { p.intake.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
		if disk != nil {
			_ = disk.Close() // every record is fsynced already
		}
	}
}

// spoolDrained has every site walked in full: what happened while Redis was away
// may not all have been told.
func (p *Program) spoolDrained(ctx context.Context, _ int) {
	for _, site := range p.succession.current().sites {
		if site.Ghost == nil {
			continue
		}
		if err := p.Store.AskFullWalk(ctx, site.Name, "spool_drained"); err != nil {
			p.opt.Log.Warn("catchup.not_asked", "site", site.Name, "reason", redisReason(err))
		}
	}
}

// handInMember hands in a delivery of Ghost's that waited.
func (p *Program) handInMember(ctx context.Context, data json.RawMessage) error {
	var d store.Delivery
	if err := json.Unmarshal(data, &d); err != nil {
		return errors.Join(spool.ErrRefused, err)
	}
	_, err := worker.Inbox{Store: p.Store, Queue: p.succession.current().Queue}.Accept(ctx, d)
	return err
}

// memberDoor takes deliveries of Ghost's in, for the webhooks' handler.
type memberDoor struct {
	intake *intake.Intake
	redis  worker.Inbox
}

// Accept implements webhook.Inbox. What waits on disk has no job yet: its event is
// what it can be followed by.
func (m memberDoor) Accept(ctx context.Context, d store.Delivery) (receipt store.Receipt, err error) {
	taken := make(chan store.Receipt, 1)
	spooled, err := m.intake.Take(ctx, intake.Delivery{Kind: spooledMember, At: d.ReceivedAt, Data: d,
		Direct: func(ctx context.Context) error {
			receipt, err := m.redis.Accept(ctx, d)
			if err == nil {
				offer(taken, receipt)
			}
			return err
		}})
	if err != nil || spooled {
		return store.Receipt{JobID: d.EventID}, err
	}
	return <-taken, nil
}

// offer leaves a value for whoever waits for the first one.
func offer[T any](to chan T, v T) {
	select {
	case to <- v:
	default:
	}
}

// spooledPurchase is a payment delivery on disk: its body is not in its own JSON form.
type spooledPurchase struct {
	ID       string                `json:"id"`
	Site     string                `json:"site"`
	Event    string                `json:"event,omitempty"`
	Delivery store.PaymentDelivery `json:"delivery"`
	Body     []byte                `json:"body"`
}

func (p *Program) handInPayment(ctx context.Context, data json.RawMessage) error {
	var w spooledPurchase
	if err := json.Unmarshal(data, &w); err != nil {
		return errors.Join(spool.ErrRefused, err)
	}
	d := w.Delivery
	d.ID, d.Site, d.Body = w.ID, w.Site, w.Body
	_, err := entitlement.Intake{Store: p.Store, Queue: p.succession.current().Queue}.Accept(ctx, d, w.Event)
	return err
}

// purchaseDoor takes deliveries of payment providers in, for the webhooks' handler.
type purchaseDoor struct {
	intake *intake.Intake
	redis  entitlement.Intake
}

// Accept implements webhook.Purchases. Of what waits on disk it is not known
// whether it came before; Redis tells later.
func (d purchaseDoor) Accept(ctx context.Context, delivery store.PaymentDelivery, event string) (fresh bool, err error) {
	taken := make(chan bool, 1)
	var waits any
	if !delivery.Unproven { // else anybody may have sent it: nobody is to fill the disk, and its provider sends it again
		waits = spooledPurchase{ID: delivery.ID, Site: delivery.Site, Event: event, Delivery: delivery, Body: delivery.Body}
	}
	spooled, err := d.intake.Take(ctx, intake.Delivery{Kind: spooledPayment, At: delivery.ReceivedAt, Data: waits,
		Direct: func(ctx context.Context) error {
			fresh, err := d.redis.Accept(ctx, delivery, event)
			if err == nil {
				offer(taken, fresh)
			}
			return err
		}})
	if err != nil || spooled {
		return true, err
	}
	return <-taken, nil
}

// Quarantine implements webhook.Purchases. What is not genuine is not worth the disk.
func (d purchaseDoor) Quarantine(ctx context.Context, delivery store.PaymentDelivery, reason string) (kept bool, err error) {
	return d.redis.Quarantine(ctx, delivery, reason)
}

// spooled is what waits on disk, and for how long the oldest has.
func spooled(s spool.Stats, now time.Time) (deliveries int, oldest time.Duration) {
	if s.Records == 0 {
		return 0, 0
	}
	return s.Records, now.Sub(s.Oldest)
}
