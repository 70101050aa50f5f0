package reconcile

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// BenchmarkEngine is the engine's own work, without the two APIs and Redis: a
// list of n subscribers is kept, and n members are joined with what is remembered
// of them, looked up and decided, of whom one in a hundred has changed.
func BenchmarkEngine(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				benchmarkEngine(b, n)
			}
		})
	}
}

func benchmarkEngine(b *testing.B, n int) {
	plan := benchPlanner()
	runtime.GC()
	base := heap()
	var spent, used time.Duration
	list, err := newListing(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = list.Close() }()
	keys := columnsOf(plan.layout)
	page := make([]campaignmonitor.Subscriber, chunkSize)
	for from := 0; from < n; from += chunkSize {
		for i := range page {
			page[i] = benchSubscriber(from + i)
		}
		began, cpu := time.Now(), cpuTime()
		for _, s := range page {
			if err := list.add(keys.row(s)); err != nil {
				b.Fatal(err)
			}
		}
		spent, used = spent+time.Since(began), used+cpuTime()-cpu
	}
	began, cpu := time.Now(), cpuTime()
	if err := list.seal(); err != nil {
		b.Fatal(err)
	}
	spent, used = spent+time.Since(began), used+cpuTime()-cpu
	plan.list = list
	changed, items := 0, make([]item, chunkSize)
	for from := 0; from < n; from += chunkSize {
		members, recalled, known := benchMembers(b, plan, from)
		began, cpu := time.Now(), cpuTime()
		for i := range items {
			plan.join(&items[i].subject, members.members[i], recalled[i], members.from)
			items[i].pick(known)
		}
		if err := plan.lookAll(items); err != nil {
			b.Fatal(err)
		}
		plan.decideAll(items)
		for i := range items {
			if items[i].change.Kind.Changes() {
				changed++
			}
		}
		spent, used = spent+time.Since(began), used+cpuTime()-cpu
	}
	if changed != n/100 {
		b.Fatalf("%d changed", changed)
	}
	runtime.GC()
	b.ReportMetric(float64(n)/spent.Seconds(), "members/s")
	b.ReportMetric(float64(used.Nanoseconds())/float64(n), "cpu-ns/member")
	b.ReportMetric(float64(heap()-base)/float64(n), "heap-B/member")
	b.ReportMetric(float64(PeakRSS())/(1<<20), "peak-RSS-MiB")
	b.ReportMetric(0, "ns/op")
	runtime.KeepAlive(list)
}

// cpuTime is what the process has used of all processors, which others on the
// machine do not lengthen as they do the time that passes.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// PeakRSS is the most that the process ever had resident, in bytes; 0 if the
// system does not tell.
func PeakRSS() int {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib << 10
		}
	}
	return 0
}

func benchPlanner() *planner {
	layout := member.Layout{ListID: "list", Columns: map[member.Fact]member.Column{}}
	for _, fact := range []member.Fact{member.FactStatus, member.FactSignupDate, member.FactLastUpdated, member.FactStatusChangedAt,
		member.FactPreviousStatus, member.FactLabels, member.FactEmailEnabled} {
		layout.Columns[fact] = member.Column{Key: "[ghost_" + string(fact) + "]", Date: strings.Contains(string(fact), "_") &&
			fact != member.FactPreviousStatus && fact != member.FactEmailEnabled}
	}
	policy := member.Policy{OnDelete: member.DeleteUnsubscribes, OnOptOut: member.OptOutField,
		OnSuppressed: member.OptOutUnsubscribes, Resubscribe: member.ResubscribeNever}
	return newPlanner(Request{Site: Site{Policy: policy}}, layout.Settled(), time.Now())
}

func benchSubscriber(i int) campaignmonitor.Subscriber {
	status := "free"
	if i%100 == 0 {
		status = "paid"
	}
	return campaignmonitor.Subscriber{
		Email: fmt.Sprintf("reader%07d@example.org", i), Name: fmt.Sprintf("Reader Number %d", i), State: "Active",
		Date: "2026-01-02 03:04:05",
		Fields: []campaignmonitor.Field{{Key: "ghost_status", Value: status}, {Key: "ghost_signup_date", Value: "2025-01-02"},
			{Key: "ghost_last_updated", Value: "2026-01-02"}, {Key: "ghost_labels", Value: "Founder,VIP"},
			{Key: "ghost_email_enabled", Value: "true"}, {Key: "someone_elses", Value: "anything"}},
	}
}

// benchMembers are members with the memories that an earlier run left.
func benchMembers(b *testing.B, plan *planner, from int) (c chunk, recalled []store.Recalled, known map[string]member.Address) {
	b.Helper()
	joined, updated := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	known, c.from = map[string]member.Address{}, updated
	for i := range chunkSize {
		facts := member.Facts{
			ID: fmt.Sprintf("%024x", from+i+1), Email: member.Some(fmt.Sprintf("reader%07d@example.org", from+i)),
			Name: member.Some(fmt.Sprintf("Reader Number %d", from+i)), Status: member.Some("free"),
			CreatedAt: member.Some(joined), UpdatedAt: member.Some(updated), Labels: member.Some([]string{"VIP", "Founder"}),
			Subscribed: member.Some(true), Suppressed: member.Some(false),
		}
		r, place, err := plan.list.find(facts.Email.Value)
		if err != nil || place < 0 {
			b.Fatal("a subscriber is lost")
		}
		in := plan.input(&subject{facts: facts, now: updated})
		in.Shown = []member.Sighting{r.sighting(facts.Email.Value)}
		remembered := member.New(in)
		remembered.Next()
		c.members, recalled = append(c.members, facts), append(recalled, store.Recalled{Known: true, Memory: remembered.Memory})
		maps.Copy(known, remembered.Addresses)
	}
	return c, recalled, known
}
