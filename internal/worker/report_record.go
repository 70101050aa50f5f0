package worker

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	recordsWaiting = 4096 // entries that may wait for Redis
	recordsAtOnce  = 200
	recordTries    = 3
	recordAgain    = time.Second
	recordWithin   = 5 * time.Second
	trimEvery      = time.Minute
	// keepActivity is for a worker that was not told how long.
	keepActivity = 7 * 24 * time.Hour
)

// recorder takes entries of activity without keeping anybody waiting; Record
// writes them beside the work. An entry that there is no room for, or that Redis
// does not take, is lost, and the log says how many are: the work is not.
type recorder struct {
	waiting chan store.Activity
	lost    atomic.Int64
}

func newRecorder() *recorder { return &recorder{waiting: make(chan store.Activity, recordsWaiting)} }

func (r *recorder) add(a store.Activity) {
	select {
	case r.waiting <- a:
	default:
		r.lost.Add(1)
	}
}

// Record writes the activity of the worker's jobs until ctx ends, and then what
// is left of it. Its caller ends it after the jobs. A process that is killed, or
// a Redis that fails while it writes, may lose or repeat the newest entries.
func (w *Worker) Record(ctx context.Context) {
	trim := time.NewTicker(trimEvery)
	defer trim.Stop()
	w.trimActivity(ctx)
	for {
		select {
		case first := <-w.recorder.waiting:
			w.write(ctx, w.recorder.batch(first))
		case <-trim.C:
			w.trimActivity(ctx)
		case <-ctx.Done():
			w.writeRest(context.WithoutCancel(ctx))
			return
		}
	}
}

// batch adds what else is waiting to the first.
func (r *recorder) batch(first store.Activity) []store.Activity {
	batch := []store.Activity{first}
	for len(batch) < recordsAtOnce {
		select {
		case next := <-r.waiting:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (w *Worker) writeRest(ctx context.Context) {
	for {
		select {
		case first := <-w.recorder.waiting:
			w.write(ctx, w.recorder.batch(first))
		default:
			w.tellLost(ctx)
			return
		}
	}
}

// write tries more than once: a Redis that was restarted answers soon.
func (w *Worker) write(ctx context.Context, batch []store.Activity) {
	for try := range recordTries {
		if try > 0 && sleep(ctx, recordAgain) != nil {
			break
		}
		writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
		err := w.Store.Note(writing, batch...)
		cancel()
		if err == nil {
			return
		}
	}
	w.recorder.lost.Add(int64(len(batch)))
}

func (w *Worker) trimActivity(ctx context.Context) {
	w.tellLost(ctx)
	keep := w.KeepActivity
	if keep <= 0 {
		keep = keepActivity
	}
	err := w.Store.TrimActivity(ctx, slices.Sorted(maps.Keys(w.sites)), keep)
	if err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "activity.untrimmed", slog.String("reason", err.Error()))
	}
}

func (w *Worker) tellLost(ctx context.Context) {
	if n := w.recorder.lost.Swap(0); n > 0 {
		w.Log.WarnContext(ctx, "activity.lost", slog.Int64("entries", n))
	}
}
