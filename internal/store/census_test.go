package store_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/member"
)

// censusOf is a census of members from…to; of whom each tells the same.
func censusOf(t testing.TB, from, to int, fact string) member.Census {
	t.Helper()
	b := member.NewCensus(to - from)
	for n := from; n < to; n++ {
		if err := b.Add(fmt.Sprintf("%08x%016x", n/60, n), fact); err != nil {
			t.Fatal(err)
		}
	}
	return b.Census()
}

// remembers fails the test unless exactly this census is remembered.
func (b *bundle) remembers(want member.Census) {
	b.t.Helper()
	got, found, err := b.LoadCensus(b.t.Context(), site)
	if err != nil || !found {
		b.t.Fatalf("no census: %t, %v", found, err)
	}
	if added, changed, gone := want.Diff(got); len(added)+len(changed)+len(gone) != 0 || got.Len() != want.Len() {
		b.t.Fatalf("%d members instead of %d: %d added, %d changed, %d gone", got.Len(), want.Len(), len(added), len(changed), len(gone))
	}
}

// chunks are the keys of the pieces of the site's census.
func (b *bundle) chunks() (keys []string) {
	b.t.Helper()
	for _, key := range b.keys() {
		if strings.HasPrefix(key, "{ghostcm}:census:"+site+":") {
			keys = append(keys, key)
		}
	}
	return keys
}

func TestACensusIsRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, found, err := b.LoadCensus(t.Context(), site); found || err != nil {
		t.Fatalf("before the first: %t, %v", found, err)
	}
	for _, c := range []member.Census{
		censusOf(t, 0, 100_000, "free"), censusOf(t, 7, 100_100, "free"), censusOf(t, 0, 500, "paid"), {},
		censusOf(t, 0, 60_000, "free"),
	} {
		b.do(b.SaveCensus(t.Context(), site, c))
		b.remembers(c)
	}
	b.do(b.SaveCensus(t.Context(), "another", censusOf(t, 0, 5, "paid")))
	b.remembers(censusOf(t, 0, 60_000, "free"))
	for _, key := range b.chunks() {
		if ttl := b.ttl(key); ttl >= 0 {
			t.Errorf("%s ends in %v", key, ttl)
		}
	}
}

func TestNothingIsLeftOfAnOldCensus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.do(b.SaveCensus(t.Context(), site, censusOf(t, 0, 50_000, "free")), b.SaveCensus(t.Context(), site, censusOf(t, 0, 50_000, "paid")))
	}
	want := 0
	for range censusOf(t, 0, 50_000, "paid").Chunks() {
		want++
	}
	if got := len(b.chunks()); got != want {
		t.Errorf("%d chunks are kept of %d", got, want)
	}
}

// full lets Redis refuse what is more than so many bytes more.
func (b *bundle) full(more int) {
	b.t.Helper()
	used := 0
	for line := range strings.Lines(b.redis.Info(b.t.Context(), "memory").Val()) {
		_, _ = fmt.Sscanf(line, "used_memory:%d", &used)
	}
	b.do(b.redis.ConfigSet(b.t.Context(), "maxmemory", strconv.Itoa(used+more)).Err())
}

func TestACensusThatIsHalfSavedLeavesTheOldOneWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := censusOf(t, 0, 100_000, "free")
	b.do(b.SaveCensus(t.Context(), site, old))
	before := len(b.chunks())
	b.full(2 << 20)
	if err := b.SaveCensus(t.Context(), site, censusOf(t, 0, 400_000, "paid")); err == nil {
		t.Fatal("8 MB were saved in 2")
	}
	b.remembers(old)
	unnamed := 0
	for _, key := range b.chunks() {
		if ttl := b.ttl(key); ttl > 0 {
			unnamed++
		}
	}
	if unnamed == 0 || len(b.chunks())-unnamed != before {
		t.Errorf("of %d chunks %d end by themselves; the old census has %d", len(b.chunks()), unnamed, before)
	}
}

func TestACensusThatIsNotWholeIsNone(t *testing.T) {
	t.Parallel()
	census := censusOf(t, 0, 50_000, "free")
	for name, spoil := range map[string]func(b *bundle, key string){
		"a chunk is lost":  func(b *bundle, key string) { b.redis.Del(t.Context(), key) },
		"a chunk was cut":  func(b *bundle, key string) { b.redis.Set(t.Context(), key, strings.Repeat("x", 40), 0) },
		"a chunk is empty": func(b *bundle, key string) { b.redis.Set(t.Context(), key, "", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.do(b.SaveCensus(t.Context(), site, census))
			spoil(b, b.chunks()[3])
			if _, found, err := b.LoadCensus(t.Context(), site); found || err != nil {
				t.Fatalf("found: %t, %v", found, err)
			}
			b.do(b.SaveCensus(t.Context(), site, census))
			b.remembers(census)
		})
	}
}

func TestFewChangesWriteLittle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(b.SaveCensus(t.Context(), site, censusOf(t, 0, 100_000, "free")))
	written := func() (n int) {
		for line := range strings.Lines(b.redis.Info(t.Context(), "commandstats").Val()) {
			_, _ = fmt.Sscanf(line, "cmdstat_set:calls=%d,", &n)
		}
		return n
	}
	before := written()
	b.do(b.SaveCensus(t.Context(), site, censusOf(t, 0, 100_010, "free")))
	if n := written() - before; n < 2 || n > 6 { // the last chunks and the index
		t.Errorf("%d keys were written for 10 new members of 100,000", n)
	}
}
