package intake

import (
	"context"
	"errors"
	"time"

	"github.com/ghostcm/ghostcm/internal/spool"
)

const (
	// lookEvery is how often Redis is asked which it is while all is well. It must
	// be well below settled.
	lookEvery = time.Second
	// awayEvery is how soon after its return Redis is found.
	awayEvery = 250 * time.Millisecond
	// inheritEvery is how often the spool is looked through for what processes left
	// that have ended.
	inheritEvery = time.Minute
	// tries are for a delivery that Redis refuses, before it is set aside.
	tries = 3
	// stubborn is how long one is tried at least that a well Redis does not take for
	// another reason: after an outage its client may fail for seconds where another of
	// ours does not. Those behind it wait as long.
	stubborn = time.Minute
)

// Run watches Redis, closes and opens the circuit, and empties the spool, until
// ctx ends.
func (i *Intake) Run(ctx context.Context) {
	r := &rounds{Intake: i}
	for ctx.Err() == nil {
		r.look(ctx)
		if i.open.Load() { // there is no doubt that it is away
			sleep(ctx, awayEvery, nil)
		} else {
			sleep(ctx, lookEvery, i.doubts)
		}
	}
}

// sleep ends early when woken, or with ctx.
func sleep(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-woken:
	case <-timer.C:
	}
}

// rounds is what Run remembers from one look to the next.
type rounds struct {
	*Intake
	inherited time.Time // when the spool was last looked through
	stands    time.Time // since when the same Redis answers; zero: it does not
	failing   time.Time // since when a well Redis does not take what it is handed; zero: it does
	complains time.Time // when that was last logged
}

// look asks Redis once, and does what its answer allows.
func (r *rounds) look(ctx context.Context) {
	incarnation, err := r.ask(ctx)
	if err != nil {
		r.stands, r.failing = time.Time{}, time.Time{}
		if ctx.Err() == nil {
			r.open.Store(true)
		}
		return
	}
	if err := r.remind(ctx, incarnation); err != nil {
		r.open.Store(true)
		return
	}
	r.open.Store(false)
	if err := r.drain(ctx); err != nil && ctx.Err() == nil {
		r.complain(ctx)
	}
}

// complain says once a minute that what waits could not be handed in.
func (r *rounds) complain(ctx context.Context) {
	if now := r.Now(); now.Sub(r.complains) >= time.Minute {
		r.complains = now
		r.Log.WarnContext(ctx, "spool.kept", "reason", "it could not be emptied; it is tried again", "waiting", r.Waiting().Records)
	}
}

// remind hands in again what another Redis than before may not have.
func (r *rounds) remind(ctx context.Context, incarnation string) error {
	began := r.Now()
	if r.stands.IsZero() {
		r.stands = began
	}
	if seen := r.seen.Load(); seen != nil && *seen != incarnation && incarnation != "" {
		r.others.Add(1)
		again := r.recent.list()
		for _, d := range again {
			if err := r.again(ctx, d); err != nil {
				return err
			}
		}
		r.stands, r.failing = began, time.Time{}
		r.Log.WarnContext(ctx, "redis.replaced", "handed_in_again", len(again))
	}
	r.seen.Store(&incarnation)
	r.recent.settle(began, r.stands)
	return nil
}

// again hands a delivery in again. One that a well Redis refuses again and again must
// not keep the circuit open for all.
func (r *rounds) again(ctx context.Context, d Delivery) error {
	for try := 1; ; try++ {
		err := r.direct(ctx, d)
		if err == nil {
			return nil
		}
		if _, away := r.ask(ctx); away != nil {
			return err
		}
		if r.hopeless(err, try) {
			r.Log.ErrorContext(ctx, "redis.not_reminded", "kind", d.Kind, "received_at", d.At, "reason", err.Error())
			return nil
		}
		if !r.Refuses(err) {
			return err
		}
	}
}

// hopeless says whether to give up what a well Redis does not take. Unless Redis says
// that it never will, this takes a proof that the fault is the delivery's: that another
// was taken at its arrival since. A right that is missing, say, stands in the way of all.
func (r *rounds) hopeless(err error, try int) bool {
	if r.Refuses(err) {
		return try >= tries
	}
	now := r.Now()
	if r.failing.IsZero() {
		r.failing = now
	}
	if now.Sub(r.failing) <= stubborn || r.taken.Load() <= r.failing.UnixNano() {
		return false
	}
	r.failing = time.Time{} // the next one has its own minute
	return true
}

// drain empties the spool into Redis.
func (r *rounds) drain(ctx context.Context) error {
	disk := r.disk.Load()
	if disk == nil {
		return nil
	}
	waiting := disk.Stats()
	if waiting.Records == 0 {
		r.failing = time.Time{}
	}
	if waiting.Records == 0 && r.Now().Sub(r.inherited) < inheritEvery {
		return nil
	}
	r.inherited = r.Now()
	done, err := disk.Drain(ctx, r.deliver)
	if done.Aside > 0 {
		r.Log.ErrorContext(ctx, "spool.aside", "records", done.Aside, "hint", "look into the spool's files that end in .aside")
	}
	if err != nil || done.Records == 0 {
		return err
	}
	r.told.Store(false)
	r.Log.InfoContext(ctx, "spool.drained", "records", done.Records, "oldest_s", int(r.Now().Sub(waiting.Oldest).Seconds()))
	r.Drained(ctx, done.Records)
	return nil
}

// deliver hands a record in. One that a well Redis refuses again and again must
// not hold up those behind it.
func (r *rounds) deliver(ctx context.Context, record spool.Record) error {
	way := r.Ways[record.Kind]
	if way == nil {
		return spool.ErrRefused
	}
	for try := 1; ; try++ {
		err := r.hand(ctx, way, record)
		if err == nil { // and the disk forgets it now
			r.failing = time.Time{}
			again := func(ctx context.Context) error { return way(ctx, record.Data) }
			r.recent.keep(Delivery{Kind: record.Kind, At: r.Now(), Direct: again})
			return nil
		}
		if errors.Is(err, spool.ErrRefused) {
			return err
		}
		if _, away := r.ask(ctx); away != nil {
			return err
		}
		if r.hopeless(err, try) {
			r.Log.ErrorContext(ctx, "spool.refused", "kind", record.Kind, "received_at", record.At, "reason", err.Error())
			return errors.Join(spool.ErrRefused, err)
		}
		if !r.Refuses(err) {
			return err
		}
	}
}

func (r *rounds) hand(ctx context.Context, way Way, record spool.Record) error {
	ctx, cancel := context.WithTimeout(ctx, handIn)
	defer cancel()
	return way(ctx, record.Data)
}

// handIn is for a record that nobody waits for an answer about.
const handIn = 5 * time.Second

func (r *rounds) ask(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	return r.Ask(ctx)
}
