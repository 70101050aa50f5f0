package dashboard_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/store"
)

// How much lies in Redis while pages are measured.
const (
	benchLetters = 100_000
	benchMembers = 1_000_000
	benchEntries = 50_000
)

// crowd fills Redis as a site with a long past and a bad week would.
func (r *rig) crowd() {
	r.t.Helper()
	options, err := redis.ParseURL(r.redis.URL())
	if err != nil {
		r.t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	ctx := context.Background()
	now := time.Now()
	fill := func(n int, add func(redis.Pipeliner, int)) {
		for from := 0; from < n; from += 5000 {
			pipe := client.Pipeline()
			for i := from; i < min(n, from+5000); i++ {
				add(pipe, i)
			}
			if _, err := pipe.Exec(ctx); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	fill(benchLetters, func(p redis.Pipeliner, i int) {
		raw := fmt.Sprintf(`{"name":"job","id":"%024x","t":%d,"args":{"kind":"member","site":%q,"key":"%024x","event":"member.updated",`+
			`"email_hash":"%012x","attempts":"9","code":"cm:500","history":"[{\"at\":\"2026-11-01T10:00:00Z\",\"code\":\"cm:500\",\"reason\":\"campaign monitor: subscriber_update: temporary failure (HTTP 500)\"}]"},`+
			`"fails":9,"err":"campaign monitor: subscriber_update: temporary failure (HTTP 500)","failed_at":%d}`, i, now.Unix(), siteName, i, i, now.Unix())
		p.ZAdd(ctx, "{ghostcm}:dead", redis.Z{Score: float64(now.Add(-time.Duration(i) * 6 * time.Second).Unix()), Member: raw})
	})
	fill(benchMembers, func(p redis.Pipeliner, i int) {
		p.Set(ctx, fmt.Sprintf("{ghostcm}:member:%s:%024x", siteName, i), `{"email":"reader@example.org","status":"free"}`, 0)
	})
	client.Set(ctx, "{ghostcm}:members:"+siteName, benchMembers, 0)
	var entries []store.Activity
	for i := range benchEntries {
		entries = append(entries, store.Activity{At: now, Site: siteName, Event: "member.updated", MemberID: fmt.Sprintf("%024x", i),
			EmailHash: fmt.Sprintf("%012x", i), Outcome: "updated", Attempt: 1, Lag: time.Duration(i%900) * time.Millisecond})
		if len(entries) == 1000 {
			if err := r.Store.Note(ctx, entries...); err != nil {
				r.t.Fatal(err)
			}
			entries = entries[:0]
		}
	}
}

// BenchmarkPage makes pages with 100,000 dead letters, 1,000,000 members and a
// full activity: each is to take 50 ms at most.
func BenchmarkPage(b *testing.B) {
	r := newRig(b)
	r.crowd()
	v := r.visitor().signIn()
	letter, _ := v.letterLink()
	for _, path := range []string{
		"/dashboard", "/dashboard/activity", "/dashboard/activity?outcome=dead", "/dashboard/activity?whose=000000000001", "/dashboard/letters",
		"/dashboard/letters?reason=cm:500", "/dashboard/letters?reason=no-letter-has-this", "/dashboard/letters?email=00000001869f", letter,
		"/dashboard/syncs", "/dashboard/health",
	} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if p := v.get(path); p.StatusCode != http.StatusOK {
					b.Fatalf("it answers %d", p.StatusCode)
				}
			}
		})
	}
}
