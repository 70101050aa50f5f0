package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// batchOf is a thousand members as a first sync writes them.
const batchOf = 1000

// held is how long one call holds Redis, half of them and the longest: so much
// later a webhook may be taken. It needs a slow log of everything.
func held(b *testing.B, client *redis.Client) (median, longest time.Duration) {
	b.Helper()
	logged, err := client.SlowLogGet(context.Background(), -1).Result()
	if err != nil {
		b.Fatal(err)
	}
	var times []time.Duration
	for _, entry := range logged {
		if strings.EqualFold(entry.Args[0], "eval") || strings.EqualFold(entry.Args[0], "mget") {
			times = append(times, entry.Duration)
		}
	}
	slices.Sort(times)
	return times[len(times)/2], times[len(times)-1]
}

// BenchmarkBatchOf1000 shows what a thousand members cost Redis, and that no step
// holds it for long.
func BenchmarkBatchOf1000(b *testing.B) {
	steps := benchSteps(b)
	for _, name := range []string{"recall", "lock", "save", "addresses", "mark", "pending", "unlock"} {
		b.Run(name, func(b *testing.B) {
			client, err := store.Open(store.Options{URL: redistest.Start(b), Timeouts: store.WorkerTimeouts()})
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			w := &benchWorld{store: store.New(client, time.Now)}
			w.prepare(b, name)
			client.ConfigSet(b.Context(), "slowlog-max-len", "100000")
			client.ConfigSet(b.Context(), "slowlog-log-slower-than", "0")
			for b.Loop() {
				if err := steps[name](b.Context(), w); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*batchOf/b.Elapsed().Seconds(), "members/s")
			median, longest := held(b, client)
			b.ReportMetric(float64(median.Microseconds()), "µs-held")
			b.ReportMetric(float64(longest.Microseconds()), "µs-held-longest")
		})
	}
}

type benchWorld struct {
	store  *store.Store
	batch  *store.Batch
	cases  []*member.Case
	claims []store.Claim
	marks  []store.Mark
	ids    []string
	emails []string
}

// prepare brings the members as far as the step needs them.
func (w *benchWorld) prepare(b *testing.B, step string) {
	b.Helper()
	for n := range batchOf {
		c := caseOf(n)
		c.Memory.StatusChangedAt, c.Memory.Layout = time.Now(), "0123456789abcdef"
		for place := range c.Memory.Written[:8] {
			c.Memory.Written[place] = member.Digest([]byte("012345"))
		}
		w.cases, w.ids, w.emails = append(w.cases, c), append(w.ids, c.ID), append(w.emails, emailOf(n))
		w.claims = append(w.claims, store.Claim{ID: c.ID, Emails: []string{emailOf(n), "old" + emailOf(n)}})
		w.marks = append(w.marks, store.Mark{ID: c.ID, Job: job(c.ID)})
	}
	if step == "lock" {
		return
	}
	var err error
	if w.batch, _, err = w.store.LockBatch(b.Context(), site, w.claims, time.Hour); err != nil {
		b.Fatal(err)
	}
	if _, err := w.batch.Save(b.Context(), w.cases); err != nil {
		b.Fatal(err)
	}
}

func benchSteps(b *testing.B) map[string]func(context.Context, *benchWorld) error {
	b.Helper()
	return map[string]func(context.Context, *benchWorld) error{
		"recall": func(ctx context.Context, w *benchWorld) error {
			_, err := w.store.Recall(ctx, site, w.ids)
			return err
		},
		"lock": func(ctx context.Context, w *benchWorld) error { // of the second on, all claims are refused
			_, _, err := w.store.LockBatch(ctx, site, w.claims, time.Hour)
			return err
		},
		"save": func(ctx context.Context, w *benchWorld) error {
			_, err := w.batch.Save(ctx, w.cases)
			return err
		},
		"addresses": func(ctx context.Context, w *benchWorld) error {
			_, err := w.store.RecallAddresses(ctx, site, w.emails)
			return err
		},
		"mark": func(ctx context.Context, w *benchWorld) error { return w.store.Mark(ctx, site, w.marks) },
		"pending": func(ctx context.Context, w *benchWorld) error {
			_, err := w.store.Pending(ctx, site, w.ids)
			return err
		},
		"unlock": func(ctx context.Context, w *benchWorld) error {
			batch, took, err := w.store.LockBatch(ctx, "free", w.claims, time.Hour)
			if err != nil || count(took) != batchOf {
				return err
			}
			return batch.Unlock(ctx)
		},
	}
}
