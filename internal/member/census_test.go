package member_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ghostcm/ghostcm/internal/member"
)

// censusOf counts members in, in the map's random order.
func censusOf(t testing.TB, facts map[string]string) member.Census {
	t.Helper()
	b := member.NewCensus(0)
	for id, fact := range facts {
		if err := b.Add(id, fact); err != nil {
			t.Fatal(err)
		}
	}
	return b.Census()
}

func drawnCensus(t *rapid.T, name string) map[string]string {
	id := rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(0, 40).Draw(t, "id")
		return fmt.Sprintf("%012x%012x", n%7, n)
	})
	return rapid.MapOf(id, rapid.SampledFrom([]string{"", "a", "b"})).Draw(t, name)
}

func TestTwoCensusesTellWhoCameChangedAndWent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		before, after := drawnCensus(rt, "before"), drawnCensus(rt, "after")
		var added, changed, gone []string
		for _, id := range slices.Sorted(maps.Keys(after)) {
			if was, had := before[id]; !had {
				added = append(added, id)
			} else if was != after[id] {
				changed = append(changed, id)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(before)) {
			if _, has := after[id]; !has {
				gone = append(gone, id)
			}
		}
		gotAdded, gotChanged, gotGone := censusOf(t, before).Diff(censusOf(t, after))
		if diff := cmp.Diff([][]string{added, changed, gone}, [][]string{gotAdded, gotChanged, gotGone}); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestFactsOfACensusDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	const id = "65f0c0ffee65f0c0ffee65f0"
	seen := map[string][]string{}
	for _, facts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"", "ab"}, {"ab", ""}, {"\x01a"}, {"a\x01"}, {"a\x00b"}} {
		b := member.NewCensus(1)
		if err := b.Add(id, facts...); err != nil {
			t.Fatal(err)
		}
		for chunk := range b.Census().Chunks() {
			if others, same := seen[string(chunk)]; same {
				t.Errorf("%q is as %q", facts, others)
			}
			seen[string(chunk)] = facts
		}
	}
}

func TestACensusTakesOnlyIDsOfGhost(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "65f0", "65f0c0ffee65f0c0ffee65f00", "65F0C0FFEE65f0c0ffee65f0", "65f0c0ffee65f0c0ffee65fg", "orphan-0123456789abcdef0"} {
		b := member.NewCensus(1)
		if err := b.Add(id); !errors.Is(err, member.ErrCensus) || b.Census().Len() != 0 {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := member.NewCensus(1).AddChunk(make([]byte, 21)); !errors.Is(err, member.ErrCensus) {
		t.Errorf("a chunk that was cut: %v", err)
	}
}

func TestAMemberWhoIsCountedTwiceIsInTheCensusOnce(t *testing.T) {
	t.Parallel()
	count := func(facts ...string) member.Census {
		b := member.NewCensus(0)
		for _, fact := range facts {
			if err := b.Add("65f0c0ffee65f0c0ffee65f0", fact); err != nil {
				t.Fatal(err)
			}
		}
		return b.Census()
	}
	one, two := count("a", "b"), count("b", "a", "b")
	if added, changed, gone := one.Diff(two); one.Len() != 1 || two.Len() != 1 || len(added)+len(changed)+len(gone) != 0 {
		t.Errorf("%d and %d members, %q %q %q", one.Len(), two.Len(), added, changed, gone)
	}
}

// many is a census of n members, of whom the given ones have changed.
func many(t testing.TB, n int, changed ...int) member.Census {
	t.Helper()
	b := member.NewCensus(n)
	for i := range n {
		fact := "free"
		if slices.Contains(changed, i) {
			fact = "paid"
		}
		if err := b.Add(fmt.Sprintf("%08x%016x", i/60, i), fact); err != nil {
			t.Fatal(err)
		}
	}
	return b.Census()
}

func TestACensusComesBackFromItsChunks(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 5000, 100_000} {
		census, back, chunks := many(t, n), member.NewCensus(n), 0
		for chunk := range census.Chunks() {
			if chunks++; len(chunk) > 80<<10 {
				t.Errorf("a chunk of %d bytes", len(chunk))
			}
			if err := back.AddChunk(chunk); err != nil {
				t.Fatal(err)
			}
		}
		added, changed, gone := census.Diff(back.Census())
		if len(added)+len(changed)+len(gone) != 0 || back.Census().Len() != n {
			t.Errorf("of %d members %d come back", n, back.Census().Len())
		}
		if chunks > n/500+2 {
			t.Errorf("%d members are %d chunks", n, chunks)
		}
	}
}

func TestFewChangesChangeFewChunks(t *testing.T) {
	t.Parallel()
	const n = 100_000
	known := map[string]bool{}
	for chunk := range many(t, n).Chunks() {
		known[string(chunk)] = true
	}
	for name, changed := range map[string]member.Census{
		"one has changed": many(t, n, 5), "one has gone": without(t, many(t, n), 70), "some came": many(t, n+3),
	} {
		fresh := 0
		for chunk := range changed.Chunks() {
			if !known[string(chunk)] {
				fresh++
			}
		}
		if fresh < 1 || fresh > 4 { // more than one where a chunk ended only because it was full
			t.Errorf("%s: %d of %d chunks are new", name, fresh, len(known))
		}
	}
}

// without is a census without its n-th member.
func without(t testing.TB, c member.Census, n int) member.Census {
	t.Helper()
	all := bytes.Join(slices.Collect(cloned(c)), nil)
	b := member.NewCensus(c.Len())
	if err := b.AddChunk(slices.Delete(all, 20*n, 20*n+20)); err != nil {
		t.Fatal(err)
	}
	return b.Census()
}

func cloned(c member.Census) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for chunk := range c.Chunks() {
			if !yield(bytes.Clone(chunk)) {
				return
			}
		}
	}
}

func BenchmarkCensus(b *testing.B) {
	const n = 1_000_000
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x%016x", i/60, i)
	}
	rand.Shuffle(n, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		builder := new(member.CensusBuilder)
		for _, id := range ids {
			if err := builder.Add(id, "someone@example.org", "Some One", "label, another", "2026-01-01T00:00:00.000Z"); err != nil {
				b.Fatal(err)
			}
		}
		census := builder.Census()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if added, _, _ := census.Diff(census); len(added) != 0 {
			b.Fatal(added)
		}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/member")
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "members/s")
}
