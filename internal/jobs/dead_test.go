package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// die puts n dead letters there, perSecond of them with the same second of death.
func (b *bundle) die(n, perSecond int, start time.Time) {
	b.t.Helper()
	pipe := b.client.Pipeline()
	for i := range n {
		e := entry{Name: jobName, ID: fmt.Sprintf("id%05d", i), EnqueuedAt: 1, Fails: maxFails, Reason: fmt.Sprintf("Gone %d", i%3), FailedAt: 2, Args: map[string]string{
			argKind: []string{"sync", "grant"}[i%2], argSite: fmt.Sprintf("s%d", i%50), argKey: fmt.Sprintf("m%d", i),
			argEmailHash: fmt.Sprintf("h%d", i), argAttempts: "10", argCode: fmt.Sprintf("cm:%d", i%5),
		}}
		pipe.ZAdd(b.t.Context(), deadKey, redis.Z{Score: float64(start.Unix() + int64(i/perSecond)), Member: e.encode()})
	}
	if _, err := pipe.Exec(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func ids(letters []DeadLetter) []string {
	var out []string
	for _, l := range letters {
		out = append(out, l.ID)
	}
	sort.Strings(out)
	return out
}

func TestDeadLettersAreFiltered(t *testing.T) {
	t.Parallel()
	b, start := setup(t), time.Unix(1700000000, 0)
	b.die(12, 2, start) // two in each of six seconds
	tests := map[string]struct {
		filter DeadFilter
		want   []string
	}{
		"by site":               {DeadFilter{Site: "s3"}, []string{"id00003"}},
		"by kind":               {DeadFilter{Kind: "grant"}, []string{"id00001", "id00003", "id00005", "id00007", "id00009", "id00011"}},
		"by id":                 {DeadFilter{ID: "id00004"}, []string{"id00004"}},
		"by e-mail hash":        {DeadFilter{EmailHash: "h7"}, []string{"id00007"}},
		"by reason, any case":   {DeadFilter{Reason: "gONE 1"}, []string{"id00001", "id00004", "id00007", "id00010"}},
		"by code":               {DeadFilter{Reason: "cm:4"}, []string{"id00004", "id00009"}},
		"from, inclusive":       {DeadFilter{From: start.Add(5 * time.Second)}, []string{"id00010", "id00011"}},
		"to, inclusive":         {DeadFilter{To: start}, []string{"id00000", "id00001"}},
		"a span":                {DeadFilter{From: start.Add(2 * time.Second), To: start.Add(2 * time.Second)}, []string{"id00004", "id00005"}},
		"by two things at once": {DeadFilter{Kind: "sync", Reason: "Gone 0"}, []string{"id00000", "id00006"}},
		"no more than the limit, the longest dead first": {DeadFilter{Limit: 2}, []string{"id00000", "id00001"}},
		"none": {DeadFilter{Site: "elsewhere"}, nil},
	}
	for name, tt := range tests {
		if got := ids(b.dead(tt.filter)); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestManyDeadLettersAreStreamedWhileTheyGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 20_000
	b.die(n, 7000, time.Unix(1700000000, 0)) // pages end within a second of death
	if got := len(b.dead(DeadFilter{})); got != n {
		t.Fatalf("streamed %d of %d", got, n)
	}
	replayed := 0
	for l, err := range b.queue.Dead(t.Context(), DeadFilter{Kind: "grant"}) { // the last of each page is among them
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := b.queue.Replay(t.Context(), l, Revival{}); !ok || err != nil {
			t.Fatalf("replaying %s: %t, %v", l.ID, ok, err)
		}
		replayed++
	}
	if s := b.stats(); replayed != n/2 || s.Dead != n/2 || s.Depth != n/2 {
		t.Errorf("replayed %d; %+v", replayed, s)
	}
}

func TestReadingDeadLettersStopsWithTheReader(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.die(10, 10, time.Unix(1700000000, 0))
	for l := range b.queue.Dead(t.Context(), DeadFilter{}) {
		if l.ID == "" {
			t.Error("an empty letter")
		}
		break
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	n := 0
	for _, err := range b.queue.Dead(ended, DeadFilter{Limit: 5}) {
		if n++; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
}

func TestReplayRunsTheJobAfreshAndOnce(t *testing.T) {
	t.Parallel()
	b, seen := setup(t), &runs{}
	var broken = make(chan struct{})
	b.start(RunnerOptions{Queue: b.queue, Kinds: []Kind{kind(func(_ context.Context, j Job) error {
		seen.add(j)
		select {
		case <-broken: // mended
			return nil
		default:
			return WithCode(errors.New("no such list"), "cm:101")
		}
	}, time.Millisecond)}})
	id := b.enqueue(Spec{Kind: "sync", Site: "news", Key: "é😀", ReceivedAt: time.Unix(1700000000, 0)})
	eventually(t, "it died", patience, func() bool { return b.stats().Dead == 1 })
	close(broken)
	l := b.dead(DeadFilter{ID: id})[0]
	first, err := b.queue.Replay(t.Context(), l, Revival{})
	if !first || err != nil {
		t.Fatalf("replay: %t, %v", first, err)
	}
	if again, err := b.queue.Replay(t.Context(), l, Revival{}); again || err != nil {
		t.Errorf("a second replay: %t, %v", again, err)
	}
	if dropped, err := b.queue.Drop(t.Context(), l); dropped || err != nil {
		t.Errorf("a drop after it: %t, %v", dropped, err)
	}
	eventually(t, "it ran again", patience, func() bool { return seen.count() == 3 })
	if r := seen.list()[2]; r.ID != id || r.Key != "é😀" || r.Attempt != 1 || r.LastAttempt || !r.ReceivedAt.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("it came back as %+v", r)
	}
	eventually(t, "it is done", patience, func() bool { return b.stats() == Stats{Workers: 1} })
	b.nothingLeft()
}

func TestDeadLettersHaveTheirContractNames(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(DeadLetter{})
	if err != nil {
		t.Fatal(err)
	}
	var names map[string]any
	if err := json.Unmarshal(raw, &names); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "site", "kind", "event", "member_id", "email_hash", "attempts", "reason", "code", "received_at", "died_at"} {
		if _, ok := names[name]; !ok {
			t.Errorf("no %q in %s", name, raw)
		}
		delete(names, name)
	}
	if len(names) != 0 {
		t.Errorf("more than agreed: %v", names)
	}
}

func TestDeadLettersAreTrimmedByAgeAndNumberAndItIsLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Unix(1700000100, 0)
	b.die(10, 1, time.Unix(1700000000, 0)) // died 100 to 91 s ago
	b.start(RunnerOptions{
		Kinds: []Kind{kind(func(context.Context, Job) error { return nil })},
		Now:   func() time.Time { return now }, DeadRetention: 95 * time.Second, DeadLimit: 3,
	})
	eventually(t, "trimmed", patience, func() bool { return b.logs.count("jobs.dead_letters_trimmed") == 1 })
	if got, want := ids(b.dead(DeadFilter{})), []string{"id00007", "id00008", "id00009"}; !reflect.DeepEqual(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	for _, limits := range []struct {
		retention time.Duration
		limit     int
	}{{}, {95 * time.Second, 0}, {0, 3}, {0, 10}} {
		if n, err := trimDead(t.Context(), b.client, now, limits.retention, limits.limit); n != 0 || err != nil {
			t.Errorf("%+v dropped %d more (%v)", limits, n, err)
		}
	}
}
