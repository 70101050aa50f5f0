package store_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// The targets of what Redis needs, in bytes.
const (
	perMember = 300
	perEvent  = 1536
)

// usedMemory is what a Redis needs for everything.
func usedMemory(tb testing.TB, client *redis.Client) int {
	tb.Helper()
	info, err := client.Info(context.Background(), "memory").Result()
	if err != nil {
		tb.Fatal(err)
	}
	n, err := strconv.Atoi(regexp.MustCompile(`(?m)^used_memory:(\d+)`).FindStringSubmatch(info)[1])
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// footprint is how many bytes one of n costs, where fill makes those from…to.
func footprint(tb testing.TB, n int, fill func(s *store.Store, client *redis.Client, from, to int) error) float64 {
	tb.Helper()
	client, err := store.Open(store.Options{URL: redistest.Start(tb), Timeouts: store.WorkerTimeouts(), PoolSize: 1})
	if err != nil {
		tb.Fatal(err)
	}
	defer client.Close()
	s := store.New(client, time.Now)
	const chunk = 500                                   // a small one leaves no large buffers behind
	if err := fill(s, client, n, n+chunk); err != nil { // what there is of once
		tb.Fatal(err)
	}
	before := usedMemory(tb, client)
	for from := 0; from < n; from += chunk {
		if err := fill(s, client, from, min(from+chunk, n)); err != nil {
			tb.Fatal(err)
		}
	}
	return float64(usedMemory(tb, client)-before) / float64(n)
}

func ghostID(n int) string { return fmt.Sprintf("65f0c0ff%08x%08x", uint32(n)*2654435761, n) }

func readerOf(n int) string { return fmt.Sprintf("reader%07d@example.org", n) }

// reader is a member as most are, written once by a sync: the seven fields that
// every list has, and the name.
func reader(n int) *member.Case {
	email, at := readerOf(n), int64(1_700_000_000_000+n)
	c := &member.Case{
		ID: ghostID(n),
		Memory: member.Memory{
			Email: email, Status: "free", PreviousStatus: "paid", StatusChangedAt: time.UnixMilli(at).UTC(), Layout: "Abc123c", AppliedAt: at,
			Subscribed: member.Some(true),
		},
		Addresses: map[string]member.Address{email: {Owner: ghostID(n), ClaimedAt: at, CreatedAt: at}},
	}
	for place := range c.Memory.Written {
		if place != 7 && place != 8 { // tiers and newsletters, which few lists have
			c.Memory.Written[place] = member.Digest{byte(n), byte(n >> 8), byte(n >> 16), byte(place), 1}
		}
	}
	return c
}

func fillMembers(s *store.Store, _ *redis.Client, from, to int) error {
	ctx := context.Background()
	var claims []store.Claim
	var cases []*member.Case
	for n := from; n < to; n++ {
		claims, cases = append(claims, store.Claim{ID: ghostID(n), Emails: []string{readerOf(n)}}), append(cases, reader(n))
	}
	batch, _, err := s.LockBatch(ctx, site, claims, time.Minute)
	if err != nil {
		return err
	}
	if kept, err := batch.Save(ctx, cases); err != nil || count(kept) != len(cases) {
		return fmt.Errorf("kept %d of %d: %w", count(kept), len(cases), err)
	}
	return batch.Unlock(ctx)
}

// rawJob is as long as the job layer's.
func rawJob(n int) store.Job {
	id := fmt.Sprintf("%024x", n)
	raw := fmt.Sprintf(`{"name":"job","id":"%s","t":1700000000,"args":{"kind":"member","site":"blog","key":"%s","event":"member.added",`+
		`"email_hash":"0123456789ab","received_at":"2026-11-22T12:00:00.123456789Z"}}`, id, ghostID(n))
	return store.Job{ID: id, Raw: raw, QueueKey: queue, WakeChannel: channel}
}

// signedUp is an event with all that Ghost says of a member.
func signedUp(n int) store.Delivery {
	at := time.UnixMilli(int64(1_700_000_000_000 + n)).UTC()
	return store.Delivery{Site: site, EventID: fmt.Sprintf("%016x", n), ReceivedAt: at, Event: member.Event{
		Type: member.Added, SentAt: at,
		Facts: member.Facts{
			ID: ghostID(n), Email: member.Some(readerOf(n)), Name: member.Some("A Reader of Ours"), Status: member.Some("free"),
			CreatedAt: member.Some(at), UpdatedAt: member.Some(at), Labels: member.Some([]string{"imported", "spring sale"}),
			Tiers: member.Some([]string{}), Newsletters: member.Some([]string{"Weekly"}), Subscribed: member.Some(true), Suppressed: member.Some(false),
		},
	}}
}

func fillEvents(s *store.Store, _ *redis.Client, from, to int) error {
	for n := from; n < to; n++ {
		if _, err := s.Accept(context.Background(), signedUp(n), rawJob(n)); err != nil {
			return err
		}
	}
	return nil
}

// fillLetters makes dead letters: the job with its attempts, and what is kept for a replay.
func fillLetters(s *store.Store, client *redis.Client, from, to int) error {
	ctx := context.Background()
	for n := from; n < to; n++ {
		if _, err := s.Accept(ctx, signedUp(n), store.Job{ID: rawJob(n).ID, Raw: "x", QueueKey: "elsewhere", WakeChannel: channel}); err != nil {
			return err
		}
		raw := strings.TrimSuffix(rawJob(n).Raw, "}}") + `,"attempts":"10","code":"cm:1","history":"` +
			strings.Repeat(`{\"at\":\"2026-11-22T12:00:00Z\",\"code\":\"cm:1\",\"reason\":\"refused\"},`, 10) +
			`"},"fails":10,"err":"Campaign Monitor refuses the address","failed_at":1700000000}`
		if err := client.ZAdd(ctx, "{ghostcm}:dead", redis.Z{Score: float64(n), Member: raw}).Err(); err != nil {
			return err
		}
		err := s.Release(ctx, store.Release{Site: site, ID: ghostID(n), Version: rawJob(n).ID, Why: store.Dead, Keep: time.Hour, Job: rawJob(n)})
		if err != nil {
			return err
		}
	}
	return client.Del(ctx, "elsewhere").Err()
}

func fillActivity(s *store.Store, _ *redis.Client, from, to int) error {
	var entries []store.Activity
	for n := from; n < to; n++ {
		entries = append(entries, store.Activity{
			At: time.UnixMilli(int64(1_700_000_000_000 + n)), Site: site, Event: "member.edited", MemberID: ghostID(n), EmailHash: "0123456789ab",
			Outcome: "written", Attempt: 1, Took: 120 * time.Millisecond, Lag: time.Second, JobID: fmt.Sprintf("%024x", n),
			EventIDs: []string{fmt.Sprintf("%016x", n)},
		})
	}
	return s.Note(context.Background(), entries...)
}

func fillEntitlements(s *store.Store, _ *redis.Client, from, to int) error {
	for n := from; n < to; n++ {
		e := entitlement(fmt.Sprintf("sub_%020d", n), readerOf(n))
		if _, _, err := s.SaveEntitlement(context.Background(), e, ""); err != nil {
			return err
		}
	}
	return nil
}

// What a member costs grows with every field that is added without a thought.
func TestMembersAndEventsStaySmallInRedis(t *testing.T) {
	t.Parallel()
	if got := footprint(t, 20_000, fillMembers); got > perMember {
		t.Errorf("a known member takes %.0f bytes of Redis, more than %d", got, perMember)
	}
	if got := footprint(t, 2_000, fillEvents); got > perEvent {
		t.Errorf("a queued event takes %.0f bytes of Redis, more than %d", got, perEvent)
	}
}

// BenchmarkRedisMemory says what one of each takes of Redis where there are many.
func BenchmarkRedisMemory(b *testing.B) {
	for _, of := range []struct {
		name string
		n    int
		fill func(*store.Store, *redis.Client, int, int) error
	}{
		{"member-of-10,000", 10_000, fillMembers},
		{"member-of-100,000", 100_000, fillMembers},
		{"member-of-1,000,000", 1_000_000, fillMembers},
		{"queued-event", 20_000, fillEvents},
		{"dead-letter", 5_000, fillLetters},
		{"activity-entry", 40_000, fillActivity},
		{"entitlement", 5_000, fillEntitlements},
	} {
		b.Run(of.name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(footprint(b, of.n, of.fill), "bytes")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
