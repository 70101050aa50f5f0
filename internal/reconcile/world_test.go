package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

const (
	siteName = "blog"
	minute   = time.Minute
)

// world is an engine between a simulated Ghost and a simulated Campaign Monitor,
// with a real Redis, and workers where a test wants them.
type world struct {
	t      testing.TB
	ghost  *ghosttest.Server
	list   *cmtest.Server
	listID string
	redis  *redis.Client
	store  *store.Store
	queue  *jobs.Queue
	dir    string
	log    *logBuffer
	site   reconcile.Site
	engine *reconcile.Engine

	mu      sync.Mutex
	changes []reconcile.Change
	told    []string // ids of opt-outs that were handed over
}

type worldOptions struct {
	ghost     ghosttest.Options
	list      cmtest.Options
	confirmed bool
	setting   string // UnsubscribeSetting; "" is OnlyThisList
	policy    member.Policy
	noFields  bool
}

func fieldTypes() [][2]string {
	return [][2]string{{"ghost_status", "Text"}, {"ghost_signup_date", "Date"}, {"ghost_last_updated", "Date"},
		{"ghost_status_changed_at", "Date"}, {"ghost_previous_status", "Text"}, {"ghost_labels", "Text"}, {"ghost_email_enabled", "Text"}}
}

func newWorld(t testing.TB, o worldOptions) *world {
	t.Helper()
	w := &world{t: t, ghost: ghosttest.Run(t, o.ghost), list: cmtest.Run(t, o.list), dir: t.TempDir(), log: &logBuffer{}}
	if o.setting == "" {
		o.setting = "OnlyThisList"
	}
	w.listID = w.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: o.setting, ConfirmedOptIn: o.confirmed})
	fields := map[member.Fact]string{}
	for _, f := range fieldTypes() {
		if !o.noFields {
			w.list.AddField(w.listID, f[0], f[1])
		}
		fields[member.Fact(strings.TrimPrefix(f[0], "ghost_"))] = f[0]
	}
	client, err := store.Open(store.Options{URL: redistest.Start(t), Timeouts: store.WorkerTimeouts(), PoolSize: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	w.redis, w.store, w.queue = client, store.New(client, time.Now), jobs.NewQueue(client)
	if o.policy == (member.Policy{}) {
		o.policy = member.Policy{OnDelete: member.DeleteUnsubscribes, OnOptOut: member.OptOutField,
			OnSuppressed: member.OptOutUnsubscribes, Resubscribe: member.ResubscribeNever}
	}
	w.site = reconcile.Site{
		Name: siteName, ListID: w.listID, Policy: o.policy, Fields: fields, ConsentToTrack: "Unchanged",
		Pace: store.Pace{PerSecond: 10_000, Burst: 10_000}, Ghost: w.ghostClient(), List: w.listClient(),
	}
	w.engine = w.newEngine()
	return w
}

func (w *world) ghostClient() *ghost.Client {
	w.t.Helper()
	c, err := ghost.New(ghost.Options{URL: w.ghost.URL(), AdminKey: w.ghost.AdminKey(), HTTP: &http.Client{Transport: &http.Transport{}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) listClient() *campaignmonitor.Client {
	w.t.Helper()
	c, err := campaignmonitor.New(campaignmonitor.Options{
		BaseURL: w.list.URL(), APIKey: cmtest.DefaultKey, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 20}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func newHTTP() *http.Client { return &http.Client{Transport: &http.Transport{}} }

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// newEngine is another process' engine on the same Redis and directory.
func (w *world) newEngine() *reconcile.Engine {
	return reconcile.New(reconcile.Options{
		Store: w.store, Inbox: worker.Inbox{Store: w.store, Queue: w.queue}, JobKind: worker.KindMember, Dir: w.dir, Log: w.logger(),
		FirstWait: time.Millisecond, OptOut: func(_ context.Context, _, id string) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, id)
			return nil
		},
	})
}

// work runs workers until the test ends, or until it is told to stop.
func (w *world) work() (stop func()) {
	w.t.Helper()
	workers := worker.New(worker.Options{
		Store: w.store, Queue: w.queue, Concurrency: 8, KeepDead: time.Hour, Log: w.logger(), Now: time.Now,
		Retries: []time.Duration{time.Second, time.Second},
		Sites: []worker.Site{{Name: siteName, Ghost: w.ghostClient(), List: w.listClient(), ListID: w.listID, Policy: w.site.Policy,
			Fields: w.site.Fields, ConsentToTrack: w.site.ConsentToTrack, Pace: w.site.Pace}},
	})
	runner, err := jobs.NewRunner(jobs.RunnerOptions{
		Client: w.redis, Queue: w.queue, Kinds: workers.Kinds(), Log: w.logger(), Concurrency: workers.Workers(),
		DrainTimeout: 5 * time.Second, DeadRetention: time.Hour, DeadLimit: 1000,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = runner.Run(ctx) })
	running.Go(func() { workers.Sweep(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	w.t.Cleanup(stop)
	return stop
}

// request is a run's, with what it tells kept.
func (w *world) request(change func(*reconcile.Request)) reconcile.Request {
	w.changes = nil
	r := reconcile.Request{Site: w.site, OnChange: func(c reconcile.Change) { w.changes = append(w.changes, c) }}
	if change != nil {
		change(&r)
	}
	return r
}

// sync runs and waits for what was handed over, if workers are about.
func (w *world) sync(change func(*reconcile.Request)) reconcile.Report {
	w.t.Helper()
	report, err := w.engine.Run(w.t.Context(), w.request(change))
	if err != nil {
		w.t.Fatalf("the run ended with %v\n%s", err, w.log.tail())
	}
	return report
}

func (w *world) settle(r *reconcile.Report) {
	w.t.Helper()
	if err := w.engine.Settle(w.t.Context(), r, nil); err != nil {
		w.t.Fatal(err)
	}
}

func dryRun(r *reconcile.Request) { r.DryRun = true }

// quiet fails the test if another run would change something.
func (w *world) quiet() {
	w.t.Helper()
	report := w.sync(dryRun)
	if n := report.Changed(); n != 0 {
		w.t.Errorf("a second run would change %d: %+v", n, changesOf(w.changes))
	}
}

func changesOf(all []reconcile.Change) []reconcile.Change {
	var some []reconcile.Change
	for _, c := range all {
		if c.Kind.Changes() && len(some) < 5 {
			some = append(some, c)
		}
	}
	return some
}

// populate invents members without webhooks.
func (w *world) populate(n int) {
	w.t.Helper()
	var all []ghosttest.Member
	for i := range n {
		all = append(all, person(i))
	}
	if taken := w.ghost.Import(all); taken != n {
		w.t.Fatalf("Ghost took %d of %d", taken, n)
	}
}

func person(i int) ghosttest.Member {
	m := ghosttest.Member{Email: fmt.Sprintf("reader%05d@example.org", i), Name: fmt.Sprintf("Reader %d", i), Status: "free"}
	if i%3 == 0 {
		m.Labels = []string{"VIP", "Founder"}
	}
	return m
}

// agrees fails the test unless every member is on the list, active, with the
// values of Ghost, and nobody else is active; except for those the test names.
func (w *world) agrees(except ...string) {
	w.t.Helper()
	members := map[string]ghosttest.Member{}
	for _, m := range w.ghost.Members() {
		members[strings.ToLower(m.Email)] = m
	}
	on := map[string]bool{}
	for _, s := range w.list.Subscribers(w.listID) {
		key := strings.ToLower(s.Email)
		on[key] = true
		if contains(except, key) {
			continue
		}
		m, alive := members[key]
		switch {
		case alive != (s.State == "Active"):
			w.t.Errorf("%s is %s, member: %t", key, s.State, alive)
		case alive && (s.Name != m.Name || s.Fields["ghost_status"] != m.Status || s.Fields["ghost_labels"] != member.JoinNames(m.Labels)):
			w.t.Errorf("%s is %q %v, in Ghost %q %s %v", key, s.Name, s.Fields, m.Name, m.Status, m.Labels)
		}
	}
	for key := range members {
		if !on[key] && !contains(except, key) {
			w.t.Errorf("%s is not on the list", key)
		}
	}
	if v := w.list.Violations(); len(v) > 0 {
		w.t.Errorf("Campaign Monitor was asked for what it cuts, drops or ignores: %+v", v[:min(len(v), 3)])
	}
	if n := w.list.MaxConcurrentPerSubscriber(); n > 1 {
		w.t.Errorf("%d writes for one subscriber were in flight at once", n)
	}
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if strings.EqualFold(s, one) {
			return true
		}
	}
	return false
}

func (w *world) state(email string) string {
	s, ok := w.list.Subscriber(w.listID, email)
	if !ok {
		return ""
	}
	return s.State
}

func (w *world) active() (n int) {
	for _, s := range w.list.Subscribers(w.listID) {
		if s.State == "Active" {
			n++
		}
	}
	return n
}

type ctx = context.Context

func isErr(err, want error) bool { return errors.Is(err, want) }

func (w *world) member(email string) ghosttest.Member {
	w.t.Helper()
	for _, m := range w.ghost.Members() {
		if strings.EqualFold(m.Email, email) {
			return m
		}
	}
	w.t.Fatalf("no member %s", email)
	return ghosttest.Member{}
}

// change finds the one change of an address.
func (w *world) change(email string) reconcile.Change {
	w.t.Helper()
	for _, c := range w.changes {
		if strings.EqualFold(c.Email, email) || strings.EqualFold(c.ToEmail, email) {
			return c
		}
	}
	w.t.Fatalf("nothing was told of %s", email)
	return reconcile.Change{}
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	return s[max(0, len(s)-4000):]
}

// snapshot is the list, a line for each subscriber.
func (w *world) snapshot() string {
	var b strings.Builder
	for _, s := range w.list.Subscribers(w.listID) {
		fmt.Fprintf(&b, "%s %s %s %s\n", s.Email, s.State, s.Name, s.Fields["ghost_labels"])
	}
	return b.String()
}

// sorted is a snapshot with one more line.
func sorted(snapshot, line string) string {
	lines := append(strings.SplitAfter(strings.TrimSuffix(snapshot, "\n"), "\n"), line)
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\n") + "\n"
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
