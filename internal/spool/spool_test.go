package spool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/spool"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// put writes records that come a second after each other.
func put(t *testing.T, s *spool.Spool, names ...string) {
	t.Helper()
	for i, name := range names {
		data, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(spool.Record{Kind: "test", At: noon.Add(time.Duration(i) * time.Second), Data: data}); err != nil {
			t.Fatal(err)
		}
	}
}

func nameOf(r spool.Record) string { return strings.Trim(string(r.Data), `"`) }

// drain takes everything out.
func drain(t *testing.T, s *spool.Spool) (names []string) {
	t.Helper()
	done, err := s.Drain(t.Context(), func(_ context.Context, r spool.Record) error {
		names = append(names, nameOf(r))
		return nil
	})
	if err != nil || done.Records != len(names) {
		t.Fatalf("drained %+v, %v", done, err)
	}
	return names
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestRecordsComeOutInTheOrderInWhichTheyWentInAndLeaveNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	same(t, "files before", files(t, dir), nil)
	put(t, s, "a", "b\nü<", "c")
	if got := s.Stats(); got != (spool.Stats{Records: 3, Oldest: noon}) {
		t.Errorf("stats %+v", got)
	}
	same(t, "drained", drain(t, s), []string{"a", `b\nü\u003c`, "c"})
	same(t, "files after", files(t, dir), nil)
	if got := s.Stats(); got != (spool.Stats{}) {
		t.Errorf("stats %+v", got)
	}
	put(t, s, "d")
	same(t, "drained again", drain(t, s), []string{"d"})
}

func TestOnlyTheOwnerReadsTheSpool(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "spool")
	s := open(t, dir)
	put(t, s, "a")
	for _, path := range []string{dir, filepath.Join(dir, files(t, dir)[0])} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
}

func TestWhatIsNotDeliveredStaysAndComesFirstTheNextTime(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "a", "b", "c")
	away := errors.New("away")
	done, err := s.Drain(t.Context(), func(_ context.Context, r spool.Record) error {
		if nameOf(r) == "b" {
			return away
		}
		return nil
	})
	if !errors.Is(err, away) || done.Records != 1 {
		t.Fatalf("drained %+v, %v", done, err)
	}
	if got := s.Stats().Records; got != 2 {
		t.Errorf("%d wait", got)
	}
	same(t, "drained", drain(t, s), []string{"b", "c"})
}

func TestARecordThatNobodyCanTakeIsSetAsideAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "a", "poison", "c")
	done, err := s.Drain(t.Context(), func(_ context.Context, r spool.Record) error {
		if nameOf(r) == "poison" {
			return fmt.Errorf("no such thing: %w", spool.ErrRefused)
		}
		return nil
	})
	if err != nil || done != (spool.Drained{Records: 2, Aside: 1}) {
		t.Fatalf("drained %+v, %v", done, err)
	}
	seen, err := spool.Look(dir)
	if err != nil || seen.Segments != 0 || len(seen.Aside) != 1 {
		t.Fatalf("seen %+v, %v", seen, err)
	}
	kept, err := os.ReadFile(filepath.Join(dir, seen.Aside[0]))
	if err != nil || !strings.Contains(string(kept), "poison") || strings.Count(string(kept), "\n") != 1 {
		t.Errorf("kept %q, %v", kept, err)
	}
	same(t, "drained again", drain(t, s), nil)
}

func TestTheNextProcessFindsWhatAnEndedOneLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, living := open(t, dir), open(t, dir)
	put(t, first, "a", "b")
	put(t, living, "of the living")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Put(spool.Record{Data: json.RawMessage(`1`)}); !errors.Is(err, spool.ErrClosed) {
		t.Errorf("a closed spool says %v", err)
	}
	second := open(t, dir)
	if got := second.Stats(); got != (spool.Stats{Records: 2, Oldest: noon}) {
		t.Errorf("stats %+v", got)
	}
	same(t, "taken over", drain(t, second), []string{"a", "b"})
	same(t, "the other's own", drain(t, living), []string{"of the living"})
	same(t, "files", files(t, dir), nil)
}

func TestManyPutAtOnceWhileTwoDrain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	const writers, each = 20, 25
	var mu sync.Mutex
	seen := map[string]int{}
	note := func(_ context.Context, r spool.Record) error {
		mu.Lock()
		defer mu.Unlock()
		seen[nameOf(r)]++
		return nil
	}
	stop := make(chan struct{})
	var putting, taking sync.WaitGroup
	for _, taker := range []*spool.Spool{s, other} {
		taking.Go(func() {
			for done := false; !done; {
				select {
				case <-stop:
					done = true
				default:
				}
				if _, err := taker.Drain(t.Context(), note); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range writers {
		putting.Go(func() {
			for i := range each {
				put(t, s, fmt.Sprintf("%d/%d", w, i))
			}
		})
	}
	putting.Wait()
	close(stop)
	taking.Wait()
	if _, err := s.Drain(t.Context(), note); err != nil {
		t.Error(err)
	}
	for w := range writers {
		for i := range each {
			if n := seen[fmt.Sprintf("%d/%d", w, i)]; n != 1 {
				t.Errorf("%d/%d came out %d times", w, i, n)
			}
		}
	}
	if got := s.Stats().Records; got != 0 {
		t.Errorf("%d wait", got)
	}
	same(t, "files", files(t, dir), nil)
}

// crashed puts records and leaves the segment as another process would find it.
func crashed(t *testing.T, names ...string) (name string, segment []byte) {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, names...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	name = files(t, dir)[0]
	segment, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return name, segment
}

// Whole lines were acknowledged and come out; of a line that a crash cut short
// nobody was told, and nothing comes out of it.
func TestASegmentThatWasCutAnywhereGivesItsWholeLines(t *testing.T) {
	t.Parallel()
	name, segment := crashed(t, "a", "b", "c")
	for cut := range len(segment) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), segment[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		whole := strings.Count(string(segment[:cut]), "\n")
		same(t, fmt.Sprintf("cut at %d", cut), drain(t, open(t, dir)), []string{"a", "b", "c"}[:whole])
		same(t, "files", files(t, dir), nil)
	}
}

// A byte that the disk has changed costs the lines that it stands in, which are
// kept for a person, and no other.
func TestDamageCostsTheLinesThatItHit(t *testing.T) {
	t.Parallel()
	name, segment := crashed(t, "a", "b", "c")
	for i := range len(segment) - 1 {
		dir := t.TempDir()
		damaged := slices.Clone(segment)
		damaged[i] ^= 1
		if err := os.WriteFile(filepath.Join(dir, name), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		var got []string
		done, err := s.Drain(t.Context(), func(_ context.Context, r spool.Record) error {
			got = append(got, nameOf(r))
			return nil
		})
		if err != nil || done.Aside == 0 || !inOrder(got) || len(got) < 1 {
			t.Fatalf("byte %d: drained %q, %+v, %v", i, got, done, err)
		}
	}
}

// inOrder says whether names is what is left of a, b, c.
func inOrder(names []string) bool {
	return slices.IsSorted(names) && !slices.ContainsFunc(names, func(n string) bool { return n != "a" && n != "b" && n != "c" })
}

func TestADirectoryThatCannotBeWrittenIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := spool.Open(path, time.Now); err == nil {
		t.Error("a file passes for a directory")
	}
}

// TestAFullDiskIsNoAcknowledgement needs a device that is always full.
func TestAFullDiskIsNoAcknowledgement(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "before")
	restore := spool.FillDisk(s)
	if err := s.Put(spool.Record{Kind: "test", At: noon, Data: json.RawMessage(`"lie"`)}); err == nil {
		t.Error("a record was taken that is nowhere")
	}
	restore()
	put(t, s, "after")
	same(t, "drained", drain(t, s), []string{"before", "after"})
}

func BenchmarkPut(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s, err := spool.Open(b.TempDir(), time.Now)
			if err != nil {
				b.Fatal(err)
			}
			data := json.RawMessage(`"` + strings.Repeat("x", 1500) + `"`)
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Put(spool.Record{Kind: "test", At: noon, Data: data}); err != nil {
						b.Error(err)
					}
				}
			})
			_ = s.Close()
		})
	}
}
