package reconcile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// aloneKey holds, as JSON, what the test's binary syncs when it is started for
// nothing else.
const aloneKey = "GHOSTCM_TEST_SYNC_ALONE"

func TestMain(m *testing.M) {
	if raw := os.Getenv(aloneKey); raw != "" {
		if err := syncAlone(raw); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// alone is a sync in a process of its own.
type alone struct {
	Ghost, AdminKey, List, Redis, Dir string
	Site                              reconcile.Site // without clients
	Members, Changed                  int            // what is expected of it
}

// syncAlone runs the sync.
func syncAlone(raw string) error {
	var a alone
	if err := json.Unmarshal([]byte(raw), &a); err != nil {
		return err
	}
	client, err := store.Open(store.Options{URL: a.Redis, Timeouts: store.WorkerTimeouts(), PoolSize: 20})
	if err != nil {
		return err
	}
	a.Site.Ghost, err = ghost.New(ghost.Options{URL: a.Ghost, AdminKey: a.AdminKey, HTTP: newHTTP()})
	if err != nil {
		return err
	}
	a.Site.List, err = campaignmonitor.New(campaignmonitor.Options{
		BaseURL: a.List, APIKey: cmtest.DefaultKey, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 20}},
	})
	if err != nil {
		return err
	}
	s := store.New(client, time.Now)
	engine := reconcile.New(reconcile.Options{
		Store: s, Inbox: worker.Inbox{Store: s, Queue: jobs.NewQueue(client)}, JobKind: worker.KindMember, Dir: a.Dir,
		Log: slog.New(slog.DiscardHandler),
	})
	report, err := engine.Run(context.Background(), reconcile.Request{Site: a.Site})
	if err == nil && (report.Members != a.Members || report.Changed() != a.Changed) {
		err = fmt.Errorf("%d members, %d changed, want %d and %d", report.Members, report.Changed(), a.Members, a.Changed)
	}
	fmt.Println(reconcile.PeakRSS())
	return err
}

// syncElsewhere runs a sync in a process of its own, and returns the most memory
// that it ever had resident, in bytes, and how long it took.
func (w *world) syncElsewhere(members, changed int) (peak int, took time.Duration) {
	w.t.Helper()
	bare := w.site
	bare.Ghost, bare.List = nil, nil
	raw, err := json.Marshal(alone{
		Ghost: w.ghost.URL(), AdminKey: w.ghost.AdminKey(), List: w.list.URL(), Redis: "unix://" + w.redis.Options().Addr,
		Dir: w.dir, Site: bare, Members: members, Changed: changed,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(w.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), aloneKey+"="+string(raw))
	began := time.Now()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	took = time.Since(began)
	if err == nil {
		// Not what the system tells of a child: that counts the parent in, too.
		peak, err = strconv.Atoi(strings.TrimSpace(string(out)))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return peak, took
}

// BenchmarkSyncMemory is the memory of a process that syncs a whole site, Redis
// and the APIs included: first everybody is imported, then nobody is changed. So
// many members as GHOSTCM_BENCH_MEMBERS says; 100,000 without it.
func BenchmarkSyncMemory(b *testing.B) {
	n := 100_000
	if text := os.Getenv("GHOSTCM_BENCH_MEMBERS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	w := newWorld(b, worldOptions{})
	w.populate(n)
	w.list.SetDelay(0)
	for b.Loop() {
		none, _ := newWorld(b, worldOptions{}).syncElsewhere(0, 0)
		first, firstTook := w.syncElsewhere(n, n)
		second, secondTook := w.syncElsewhere(n, 0)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(none)/(1<<20), "empty-MiB")
		b.ReportMetric(float64(first)/(1<<20), "initial-MiB")
		b.ReportMetric(float64(second)/(1<<20), "second-MiB")
		b.ReportMetric(float64(n)/firstTook.Seconds(), "initial-members/s")
		b.ReportMetric(float64(n)/secondTook.Seconds(), "second-members/s")
	}
}
