// Package intake takes verified deliveries in: into Redis, or, while Redis cannot
// take them, onto the disk of this machine, from where they go into Redis as soon
// as it can. It is for the serve command, between the webhooks' handlers and the
// store.
//
// It promises that what Take answers with nil is durable; that Redis holds no
// delivery up for longer than Options.Patience, and none at all once it is known
// to be away; that what is on disk reaches Redis by itself, in order, also after a
// crash of this process; and that what a restarted Redis may have forgotten of the
// last seconds is handed in again. A delivery may be handed in twice, so Redis'
// side must be idempotent.
//
// It leaves to the ways it is given what a delivery means, and to package spool
// how the disk is written.
package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ghostcm/ghostcm/internal/spool"
)

// Way hands a delivery of one kind, as it was given to Take, in to Redis.
type Way func(ctx context.Context, data json.RawMessage) error

// Options is what an Intake is made of. All but Drained and Patience are required.
type Options struct {
	// Ways are how what waited gets into Redis, by kind.
	Ways map[string]Way
	// Ask has Redis take a write, and tells which Redis it is: another answer than
	// before means that it was restarted or replaced; "" that it does not say.
	Ask func(context.Context) (incarnation string, err error)
	// Refuses says whether an error is Redis' answer that it will never take this
	// delivery. Any other may be the connection's, or of a moment.
	Refuses func(error) bool
	// Drained is told when all that waited is in Redis.
	Drained func(ctx context.Context, records int)
	// Patience is for Redis to take a delivery; zero is 350 ms.
	Patience time.Duration
	Log      *slog.Logger
	Now      func() time.Time
}

const patience = 350 * time.Millisecond

// Intake is safe for concurrent use. Run has to run for what waits to leave.
type Intake struct {
	Options
	disk   atomic.Pointer[spool.Spool]
	open   atomic.Bool   // the circuit: Redis is away, and is not to be asked by deliveries
	doubts chan struct{} // a delivery failed: look at once
	recent *recent
	seen   atomic.Pointer[string] // the incarnation of Redis at the last look
	others atomic.Int64           // how often another Redis than before was met
	taken  atomic.Int64           // when Redis last took a delivery at its arrival, in Unix ns
	told   atomic.Bool            // that deliveries go to disk, since the circuit last closed
}

// New makes an Intake.
func New(o Options) *Intake {
	if o.Patience == 0 {
		o.Patience = patience
	}
	if o.Drained == nil {
		o.Drained = func(context.Context, int) {}
	}
	return &Intake{Options: o, doubts: make(chan struct{}, 1), recent: &recent{}}
}

// Spill has deliveries wait in a spool, which stays the caller's to close. Before
// that, what Redis does not take is refused.
func (i *Intake) Spill(to *spool.Spool) { i.disk.Store(to) }

// Delivery is what Take makes durable.
type Delivery struct {
	Kind string
	At   time.Time // of receipt
	Data any       // its JSON form is what the Way of its kind is given; nil: it never waits on disk
	// Direct hands it in to Redis. It is called again if Redis may have forgotten it.
	Direct func(context.Context) error
}

// Take makes a delivery durable, and says whether it waits on disk. After an
// error the delivery must not be acknowledged.
func (i *Intake) Take(ctx context.Context, d Delivery) (spooled bool, err error) {
	if !i.open.Load() {
		if err = i.directly(ctx, d); err == nil {
			return false, nil
		}
		i.doubt()
	}
	disk := i.disk.Load()
	if disk == nil || d.Data == nil {
		return false, errors.Join(errAway, err)
	}
	if problem := i.put(disk, d); problem != nil {
		return false, errors.Join(problem, err)
	}
	i.doubt()
	return true, nil
}

var errAway = errors.New("redis takes no deliveries, and there is no spool for this one")

// directly hands a delivery in, and again if another Redis was met meanwhile: the one
// that took it may be the one before, and it was not yet among what the other is
// handed.
func (i *Intake) directly(ctx context.Context, d Delivery) error {
	for {
		met := i.others.Load()
		if err := i.direct(ctx, d); err != nil {
			return err
		}
		i.taken.Store(i.Now().UnixNano())
		i.recent.keep(d)
		if i.others.Load() == met {
			return nil
		}
	}
}

func (i *Intake) direct(ctx context.Context, d Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, i.Patience)
	defer cancel()
	return d.Direct(ctx)
}

func (i *Intake) put(disk *spool.Spool, d Delivery) error {
	data, err := json.Marshal(d.Data)
	if err != nil {
		return fmt.Errorf("writing a delivery for the spool: %w", err)
	}
	if err := disk.Put(spool.Record{Kind: d.Kind, At: d.At, Data: data}); err != nil {
		return err
	}
	if i.told.CompareAndSwap(false, true) {
		i.Log.Warn("spool.filling", "hint", "Redis does not take deliveries; they wait on disk and go in by themselves")
	}
	return nil
}

// doubt has Run look at Redis now.
func (i *Intake) doubt() {
	select {
	case i.doubts <- struct{}{}:
	default:
	}
}

// Ready says whether deliveries can be taken while Redis is away.
func (i *Intake) Ready() bool { return i.disk.Load() != nil }

// Waiting is what waits on disk.
func (i *Intake) Waiting() spool.Stats {
	if disk := i.disk.Load(); disk != nil {
		return disk.Stats()
	}
	return spool.Stats{}
}
