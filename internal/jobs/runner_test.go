package jobs

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAJobArrivesAsItWasEnqueued(t *testing.T) {
	t.Parallel()
	b, got := setup(t), make(chan Job, 1)
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error { got <- j; return nil }, time.Second)}})
	received := time.Date(2026, 11, 22, 1, 2, 3, 456789000, time.UTC)
	id := b.enqueue(Spec{Kind: "sync", Site: "news", Key: "m1", Event: "member.added", EmailHash: "abc", ReceivedAt: received})
	want := Job{ID: id, Kind: "sync", Site: "news", Key: "m1", Event: "member.added", EmailHash: "abc", ReceivedAt: received, Attempt: 1}
	if j := <-got; j != want {
		t.Errorf("got %+v\nwant %+v", j, want)
	}
	eventually(t, "the job is gone", patience, func() bool { return b.stats().Running == 0 })
	b.nothingLeft()
}

func TestAWorkerThatWasIdleForLongStartsAtOnce(t *testing.T) {
	t.Parallel()
	for name, push := range map[string]func(b *bundle){
		"woken over Redis": func(b *bundle) {
			if _, err := NewQueue(b.client).Enqueue(b.t.Context(), Spec{Kind: "sync"}); err != nil {
				b.t.Fatal(err)
			}
		},
		"woken in the process": func(b *bundle) {
			b.client.LPush(b.t.Context(), queueKey, Encode(Spec{Kind: "sync"}).Raw)
			b.queue.Wake()
		},
		"by Enqueue in the process, without Redis' help": func(b *bundle) {
			b.client.Do(b.t.Context(), "ACL", "SETUSER", "default", "-publish")
			b.enqueue(Spec{Kind: "sync"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, got := setup(t), make(chan time.Time, 1)
			b.start(RunnerOptions{Concurrency: 1, Queue: b.queue, poll: time.Hour, Kinds: []Kind{kind(func(context.Context, Job) error {
				got <- time.Now()
				return nil
			})}})
			eventually(t, "the runner beats", patience, func() bool { return b.heartbeat() != "" })
			first := b.heartbeat()
			eventually(t, "five seconds have passed", patience, func() bool { return b.heartbeat() != first })
			start := time.Now()
			push(b)
			select {
			case at := <-got:
				if waited := at.Sub(start); waited > 3*time.Second {
					t.Errorf("a job waited %s for an idle worker", waited)
				}
			case <-time.After(patience):
				t.Error("the job was not found")
			}
		})
	}
}

// heartbeat is the last one of the only runner.
func (b *bundle) heartbeat() string {
	for _, pool := range b.client.SMembers(b.t.Context(), poolsKey).Val() {
		return b.client.HGet(b.t.Context(), heartbeatKey(pool), "heartbeat_at").Val()
	}
	return ""
}

func TestAJobIsFoundWithoutBeingWoken(t *testing.T) {
	t.Parallel()
	b, got := setup(t), make(chan Job, 1)
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error { got <- j; return nil })}})
	eventually(t, "the runner beats", patience, func() bool { return b.stats().Workers == 1 })
	e := Encode(Spec{Kind: "sync", Key: "silent"})
	b.client.LPush(t.Context(), e.QueueKey, e.Raw)
	if j := <-got; j.Key != "silent" {
		t.Errorf("got %+v", j)
	}
}

func TestFailuresFollowTheScheduleAndEndAsADeadLetter(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	var heard atomic.Value
	k := kind(func(_ context.Context, j Job) error {
		n := seen.add(j)
		return WithCode(fmt.Errorf("refused for the %d. time", n), fmt.Sprintf("cm:%d", n))
	}, time.Second, 2*time.Second)
	k.Died = func(_ context.Context, j Job, err error) {
		heard.Store(fmt.Sprintf("%s after %d: %v", j.Key, j.Attempt, err))
	}
	var results atomic.Int64
	b.start(RunnerOptions{
		Kinds: []Kind{k}, Jitter: func() float64 { return 0.5 },
		Observe: func(r Result) {
			if r.Kind == "sync" && r.Site == "news" && r.Code != "" {
				results.Add(1)
			}
		},
	})
	id := b.enqueue(Spec{Kind: "sync", Site: "news", Key: "m1", Event: "member.edited", ReceivedAt: time.Unix(1700000000, 0)})
	eventually(t, "the job died", patience, func() bool { return b.stats().Dead == 1 })

	all := seen.list()
	if len(all) != 3 {
		t.Fatalf("ran %d times, not 3", len(all))
	}
	for i, delay := range []time.Duration{time.Second, 2 * time.Second} {
		if gap := all[i+1].At.Sub(all[i].At); gap < delay || gap > delay+3*time.Second {
			t.Errorf("attempt %d came after %s, want %s and up to 2 s more", i+2, gap, delay)
		}
	}
	for i, r := range all {
		if r.Attempt != i+1 || r.LastAttempt != (i == 2) {
			t.Errorf("run %d saw attempt %d, last %t", i+1, r.Attempt, r.LastAttempt)
		}
	}
	l := b.dead(DeadFilter{})[0]
	if l.ID != id || l.Site != "news" || l.Kind != "sync" || l.Key != "m1" || l.Event != "member.edited" || l.Attempts != 3 ||
		l.Reason != "refused for the 3. time" || l.Code != "cm:3" || !l.ReceivedAt.Equal(time.Unix(1700000000, 0)) || time.Since(l.DiedAt) > 10*time.Second {
		t.Errorf("dead letter: %+v", l)
	}
	var codes []string
	for _, a := range l.History {
		codes = append(codes, a.Code)
	}
	if want := []string{"cm:1", "cm:2", "cm:3"}; !reflect.DeepEqual(codes, want) {
		t.Errorf("history %v, want %v", codes, want)
	}
	if got := heard.Load(); got != "m1 after 3: refused for the 3. time" {
		t.Errorf("Died heard %v", got)
	}
	if results.Load() != 3 {
		t.Errorf("observed %d runs", results.Load())
	}
	b.nothingLeft()
}

func TestErrorsDecideWhatHappensNext(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	slot := time.Now().Add(3 * time.Second).Truncate(time.Millisecond)
	tests := map[string]struct {
		first    error
		schedule []time.Duration
		runs     int
		notUntil time.Duration // between the first two runs
		attempt  int           // of the last run
		slot     time.Time     // of the last run
		dead     int
	}{
		"a permanent error dies at once":             {first: Permanent(boom), schedule: []time.Duration{time.Second}, runs: 1, attempt: 1, dead: 1},
		"a wrapped permanent error too":              {first: fmt.Errorf("w: %w", WithCode(Permanent(boom), "x")), schedule: []time.Duration{time.Second}, runs: 1, attempt: 1, dead: 1},
		"retry-after waits longer than the schedule": {first: RetryAfter(boom, 2500*time.Millisecond), schedule: []time.Duration{time.Millisecond}, runs: 2, notUntil: 2500 * time.Millisecond, attempt: 2},
		"retry-after never shortens the schedule":    {first: RetryAfter(boom, time.Millisecond), schedule: []time.Duration{2 * time.Second}, runs: 2, notUntil: 1600 * time.Millisecond, attempt: 2},
		"retry-after on the last attempt dies":       {first: RetryAfter(boom, time.Millisecond), runs: 1, attempt: 1, dead: 1},
		"a snooze uses no attempt":                   {first: Snooze(1200 * time.Millisecond), runs: 2, notUntil: 1200 * time.Millisecond, attempt: 1},
		"a slot comes back paid":                     {first: SnoozeUntilSlot(slot), runs: 2, attempt: 1, slot: slot},
		"no error is done":                           {runs: 1, attempt: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, seen := setup(t), &runs{}
			b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error {
				if seen.add(j) == 1 {
					return tt.first
				}
				return nil
			}, tt.schedule...)}})
			b.enqueue(Spec{Kind: "sync"})
			eventually(t, "all runs", patience, func() bool {
				s := b.stats()
				return seen.count() == tt.runs && s.Running+s.Retrying+s.Depth == 0
			})
			all := seen.list()
			last := all[len(all)-1]
			if gap := last.At.Sub(all[0].At); gap < tt.notUntil || gap > tt.notUntil+6*time.Second {
				t.Errorf("came back after %s, want %s", gap, tt.notUntil)
			}
			if last.Attempt != tt.attempt || !last.Slot.Equal(tt.slot) || last.At.Before(tt.slot) {
				t.Errorf("last run: attempt %d slot %v at %v, want attempt %d slot %v", last.Attempt, last.Slot, last.At, tt.attempt, tt.slot)
			}
			if n := len(b.dead(DeadFilter{})); n != tt.dead {
				t.Errorf("%d dead letters, want %d", n, tt.dead)
			}
			b.nothingLeft()
		})
	}
}

func TestASlotIsSpentByTheRunThatHadIt(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error {
		switch seen.add(j) {
		case 1:
			return SnoozeUntilSlot(time.Now())
		case 2:
			return errors.New("failed with the slot")
		}
		return nil
	}, time.Millisecond)}})
	b.enqueue(Spec{Kind: "sync"})
	eventually(t, "three runs", patience, func() bool { return seen.count() == 3 })
	all := seen.list()
	if all[1].Slot.IsZero() || !all[2].Slot.IsZero() {
		t.Errorf("slots of the runs: %v, %v, %v", all[0].Slot, all[1].Slot, all[2].Slot)
	}
}

func TestAPanicIsAFailureWithItsStackInTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(RunnerOptions{Kinds: []Kind{kind(func(context.Context, Job) error { panic(`unforeseen: {"name":"Jo Reader","email":"jo@example.com"}`) })}})
	b.enqueue(Spec{Kind: "sync"})
	eventually(t, "the job died", patience, func() bool { return b.stats().Dead == 1 })
	l := b.dead(DeadFilter{})[0]
	if l.Reason != "panic: a string; the log has its stack" || l.Code != "panic" {
		t.Errorf("dead letter: %+v", l)
	}
	if log := b.logs.text(); !strings.Contains(log, "runner_test.go") || strings.Contains(log, "jo@") || strings.Contains(log, "Jo Reader") {
		t.Errorf("the log should have the stack and nothing of the member:\n%s", log)
	}
}

func TestAPanicInDiedDoesNotSaveTheJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := kind(func(context.Context, Job) error { return errors.New("no") })
	k.Died = func(context.Context, Job, error) { panic("again") }
	b.start(RunnerOptions{Kinds: []Kind{k}})
	b.enqueue(Spec{Kind: "sync"})
	eventually(t, "the job died", patience, func() bool { return b.stats().Dead == 1 })
	if b.logs.count("job.died_unheard") != 1 {
		t.Errorf("not logged:\n%s", b.logs.text())
	}
}

func TestATimeoutEndsTheHandlersContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := kind(func(ctx context.Context, _ Job) error { <-ctx.Done(); return ctx.Err() })
	k.Timeout = 50 * time.Millisecond
	b.start(RunnerOptions{Kinds: []Kind{k}})
	b.enqueue(Spec{Kind: "sync"})
	eventually(t, "the job died", patience, func() bool { return b.stats().Dead == 1 })
	if l := b.dead(DeadFilter{})[0]; l.Reason != context.DeadlineExceeded.Error() {
		t.Errorf("reason %q", l.Reason)
	}
}

func TestAHungHandlerLosesItsWorker(t *testing.T) {
	t.Parallel()
	b, hang := setup(t), make(chan struct{})
	defer close(hang)
	var after atomic.Bool
	k := kind(func(_ context.Context, j Job) error {
		if j.Key == "hung" {
			<-hang
		}
		after.Store(true)
		return nil
	})
	k.Timeout = 50 * time.Millisecond
	b.start(RunnerOptions{Kinds: []Kind{k}, Concurrency: 1, grace: 50 * time.Millisecond})
	b.enqueue(Spec{Kind: "sync", Key: "hung"})
	b.enqueue(Spec{Kind: "sync", Key: "next"})
	eventually(t, "the next job ran on the only worker", patience, after.Load)
	if b.logs.count("job.abandoned") != 1 {
		t.Errorf("not reported:\n%s", b.logs.text())
	}
	if l := b.dead(DeadFilter{}); len(l) != 1 || l[0].Key != "hung" {
		t.Errorf("dead letters: %+v", l)
	}
}

func TestAJobOfAnUnknownKindWaitsForAProcessThatKnowsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stop := b.start(RunnerOptions{Kinds: []Kind{kind(func(context.Context, Job) error { return nil })}})
	b.enqueue(Spec{Kind: "invented", Site: "news"})
	eventually(t, "the job was put off", patience, func() bool { return b.stats().Retrying == 1 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if b.logs.count("job.unknown_kind") != 1 {
		t.Errorf("not reported:\n%s", b.logs.text())
	}
	seen := &runs{}
	invented := Kind{Name: "invented", Handle: func(_ context.Context, j Job) error { seen.add(j); return nil }}
	b.start(RunnerOptions{Kinds: []Kind{invented}})
	if n, err := b.queue.Expedite(t.Context(), "news"); n != 1 || err != nil {
		t.Fatalf("expedited %d, %v", n, err)
	}
	eventually(t, "the newer process ran it", patience, func() bool { return seen.count() == 1 })
	if a := seen.list()[0].Attempt; a != 1 {
		t.Errorf("attempt %d: waiting used an attempt", a)
	}
}

func TestTextSurvivesRetries(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	b.start(RunnerOptions{Kinds: []Kind{kind(func(_ context.Context, j Job) error {
		if seen.add(j) < 3 {
			return errors.New("é😀 \u2028 </script> & \"quoted\"")
		}
		return nil
	}, time.Millisecond, time.Millisecond)}})
	s := Spec{Kind: "sync", Site: "1234567890123456789", Key: "é😀/<>&\u2028\\\"[]{}", Event: "[]", EmailHash: "1700000000123456", ReceivedAt: time.Unix(1700000000, 123456789).UTC()}
	s.ID = b.enqueue(s)
	eventually(t, "three runs", patience, func() bool { return seen.count() == 3 })
	want := Job{ID: s.ID, Kind: s.Kind, Site: s.Site, Key: s.Key, Event: s.Event, EmailHash: s.EmailHash, ReceivedAt: s.ReceivedAt, Attempt: 3, LastAttempt: true}
	if got := seen.list()[2].Job; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMoreAttemptsThanTheHistoryHolds(t *testing.T) {
	t.Parallel()
	args := map[string]string{}
	for i := range 50 {
		remember(args, Attempt{At: time.Unix(int64(i), 0).UTC(), Reason: strings.Repeat("x", 10)})
	}
	h := historyOf(args)
	if len(h) != maxHistory || h[0].At.Unix() != 30 || h[maxHistory-1].At.Unix() != 49 {
		t.Errorf("kept %d, from %v to %v", len(h), h[0].At, h[len(h)-1].At)
	}
}

func TestARunnerRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok := kind(func(context.Context, Job) error { return nil })
	for name, o := range map[string]RunnerOptions{
		"no client": {Kinds: []Kind{ok}}, "no kinds": {Client: b.client},
		"a kind twice": {Client: b.client, Kinds: []Kind{ok, ok}}, "a kind without a handler": {Client: b.client, Kinds: []Kind{{Name: "x"}}},
		"a kind without a name": {Client: b.client, Kinds: []Kind{{Handle: ok.Handle}}},
	} {
		if _, err := NewRunner(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
