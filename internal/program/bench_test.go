package program_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// BenchmarkIdleEventToCall measures how long the call to Campaign Monitor comes
// after the webhook, one event at a time on a program that has nothing else to
// do. The target is 10 ms for 99 of 100.
func BenchmarkIdleEventToCall(b *testing.B) {
	for _, noAdmin := range []bool{true, false} {
		b.Run(map[bool]string{false: "re-reading", true: "webhooks-alone"}[noAdmin], func(b *testing.B) {
			r := newRig(b, rigOptions{noAdmin: noAdmin, quiet: true})
			site := r.sites[0]
			site.HoldWebhooks(true)
			sent := map[string]time.Time{}
			for b.Loop() {
				email := fmt.Sprintf("member.%d@example.org", len(sent))
				if _, err := site.AddMember(ghosttest.Member{Email: email}); err != nil {
					b.Fatal(err)
				}
				hook := site.TakeWebhooks()[0]
				r.eventually("idle", 10*time.Second, r.idle)
				sent[email] = time.Now()
				if status, err := site.Send(b.Context(), hook); status != 202 || err != nil {
					b.Fatalf("answered %d, %v", status, err)
				}
				r.eventually("done", 10*time.Second, r.settled)
			}
			b.ReportMetric(0, "ns/op") // of the whole round, which nobody waits for
			report(b, r.delays(sent))
		})
	}
}

// BenchmarkEventBehindAFlood measures how long an event of one site takes to its
// list while 400 events of another wait, at ten requests a second. The target is
// a second for every one. Run it with -benchtime=50x: the flood lasts 40 s.
func BenchmarkEventBehindAFlood(b *testing.B) {
	r := newRig(b, rigOptions{sites: 2, noAdmin: true, quiet: true, env: []string{"CM_RATE_LIMIT=10", "CM_RATE_BURST=20"}})
	flooded, calm := r.sites[0], r.sites[1]
	for i := range 400 {
		if _, err := flooded.AddMember(ghosttest.Member{Email: fmt.Sprintf("flood.%d@example.org", i)}); err != nil {
			b.Fatal(err)
		}
	}
	flooded.Flush()
	sent := map[string]time.Time{}
	for b.Loop() {
		email := fmt.Sprintf("calm.%d@example.org", len(sent))
		sent[email] = time.Now()
		if _, err := calm.AddMember(ghosttest.Member{Email: email}); err != nil {
			b.Fatal(err)
		}
		r.eventually("on the list", 10*time.Second, func() string {
			if _, ok := r.list.Subscriber(calm.listID, email); !ok {
				return "not yet"
			}
			return ""
		})
	}
	b.ReportMetric(0, "ns/op")
	report(b, r.delays(sent))
	b.ReportMetric(float64(400-len(r.list.Subscribers(flooded.listID))), "still_waiting")
}

// BenchmarkBareEventToCall is the least that the way of an event can cost on this
// machine: a request, a value through Redis, a request.
func BenchmarkBareEventToCall(b *testing.B) {
	options, err := redis.ParseURL(redistest.Start(b))
	if err != nil {
		b.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	called := make(chan time.Time)
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- time.Now() }))
	defer upstream.Close()
	front := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { client.LPush(r.Context(), "queue", 1) }))
	defer front.Close()
	go func() {
		for client.BRPop(context.Background(), 0, "queue").Err() == nil {
			get(upstream.URL)
		}
	}()
	var delays []time.Duration
	for b.Loop() {
		time.Sleep(20 * time.Millisecond)
		began := time.Now()
		go get(front.URL)
		delays = append(delays, (<-called).Sub(began))
	}
	b.ReportMetric(0, "ns/op")
	slices.Sort(delays)
	report(b, delays)
}

func get(url string) {
	if answer, err := http.Get(url); err == nil {
		_ = answer.Body.Close()
	}
}

// idle says what the program still has to do.
func (r *rig) idle() string {
	s, err := r.Queue.Stats(r.t.Context())
	if err != nil {
		return err.Error()
	}
	if s.Depth+s.Running+s.Retrying > 0 {
		return fmt.Sprintf("it is not: %+v", s)
	}
	return ""
}

// delays returns how long each address' first call came after its webhook, in order.
func (r *rig) delays(sent map[string]time.Time) []time.Duration {
	first := map[string]time.Time{}
	for _, request := range r.list.Requests() {
		for _, email := range request.Emails {
			if _, later := first[email]; !later {
				first[email] = request.At
			}
		}
	}
	var delays []time.Duration
	for email, at := range sent {
		delays = append(delays, first[email].Sub(at))
	}
	slices.Sort(delays)
	return delays
}

func report(b *testing.B, delays []time.Duration) {
	for name, share := range map[string]float64{"p50_ms": 0.50, "p99_ms": 0.99, "max_ms": 1} {
		at := delays[min(int(share*float64(len(delays))), len(delays)-1)]
		b.ReportMetric(float64(at.Microseconds())/1000, name)
	}
}
