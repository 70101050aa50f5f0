package program_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

func (r *rig) client() *redis.Client {
	r.t.Helper()
	options, err := redis.ParseURL(r.redis)
	if err != nil {
		r.t.Fatal(err)
	}
	client := redis.NewClient(options)
	r.t.Cleanup(func() { _ = client.Close() })
	return client
}

// accept puts an event into the inbox as the webhook's handler does.
func (r *rig) accept(site string, e member.Event) {
	r.t.Helper()
	e.SentAt = time.Now()
	delivery := store.Delivery{Site: site, EventID: "0123456789abcdef", ReceivedAt: time.Now(), Event: e}
	if _, err := (worker.Inbox{Store: r.Store, Queue: r.Queue}).Accept(r.t.Context(), delivery); err != nil {
		r.t.Fatal(err)
	}
}

func stranger(i int) member.Event {
	return member.Event{Type: member.Added, Facts: member.Facts{
		ID: fmt.Sprintf("%024x", 0xabc000+i), Email: member.Some(fmt.Sprintf("stranger.%d@example.org", i)), Status: member.Some("free"),
	}}
}

// gatekeeper stands before Campaign Monitor and holds one update back.
type gatekeeper struct {
	*httptest.Server
	hold    atomic.Bool
	held    chan struct{}
	release chan struct{}
}

func keepGate(t *testing.T, target string) *gatekeeper {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	g := &gatekeeper{held: make(chan struct{}), release: make(chan struct{})}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host = to.Scheme, to.Host
	}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPut && g.hold.CompareAndSwap(true, false) {
			close(g.held)
			<-g.release
		}
		proxy.ServeHTTP(w, q)
	}))
	t.Cleanup(g.Close)
	g.URL += to.Path
	return g
}

func TestTheLateWriteOfAFrozenWriterIsMended(t *testing.T) {
	t.Parallel()
	o := rigOptions{noProgram: true}
	r := newRig(t, o)
	gate := keepGate(t, r.list.URL())
	o.env = []string{"CM_API_URL=" + gate.URL}
	r.Program = r.open(o)
	r.start(r.Program)
	site := r.sites[0]
	m, err := site.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "First"})
	if err != nil {
		t.Fatal(err)
	}
	same := func() string { return r.agrees(site) + r.settled() }
	r.eventually("written", 10*time.Second, same)
	rename := func(name string) {
		if err := site.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = name }); err != nil {
			t.Fatal(err)
		}
		site.Flush()
	}
	gate.hold.Store(true)
	rename("Old")
	<-gate.held // frozen just before its request leaves; its lease ends
	client := r.client()
	for _, key := range client.Keys(t.Context(), "{ghostcm}:lock:*").Val() {
		client.Del(t.Context(), key)
	}
	rename("New")
	if _, err := r.Queue.Enqueue(t.Context(), jobs.Spec{Kind: worker.KindMember, Site: site.name, Key: m.ID}); err != nil { // as a reaper does
		t.Fatal(err)
	}
	r.eventually("another writer wrote the newer name", 10*time.Second, same)
	close(gate.release) // it wakes, and its request undoes that
	r.eventually("the late write is seen", 10*time.Second, func() string {
		if grep(r.log.String(), "member.doubted") == "" {
			return "nobody doubts"
		}
		return same()
	})
}

func TestASiteThatIsNotConfiguredMakesNoNewJobs(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noProgram: true})
	for i := range 20 {
		r.accept("gone", stranger(i))
	}
	client := r.client()
	long := float64(time.Now().Add(-time.Hour).UnixMilli())
	for _, name := range client.ZRange(t.Context(), "{ghostcm}:waiting", 0, -1).Val() {
		client.ZAdd(t.Context(), "{ghostcm}:waiting", redis.Z{Score: long, Member: name})
	}
	client.Del(t.Context(), "{ghostcm}:jobs:job") // their jobs are elsewhere
	w := worker.New(worker.Options{Store: r.Store, Queue: r.Queue, Sites: []worker.Site{{Name: "other"}}, Now: time.Now})
	for range 3 {
		if n, err := w.SweepOnce(t.Context()); n != 0 || err != nil {
			t.Fatalf("swept up %d jobs, %v", n, err)
		}
	}
	if n := client.LLen(t.Context(), "{ghostcm}:jobs:job").Val(); n != 0 {
		t.Errorf("%d jobs were pushed", n)
	}
	known := worker.New(worker.Options{Store: r.Store, Queue: r.Queue, Sites: []worker.Site{{Name: "gone"}}, Now: func() time.Time { return time.Now().Add(time.Hour) }})
	if n, err := known.SweepOnce(t.Context()); n != 20 || err != nil {
		t.Errorf("a process that knows the site swept up %d jobs, %v", n, err)
	}
}

func TestAProbeDoesNotQueueBehindWhatWaitsForIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true, env: []string{"CM_RATE_LIMIT=10", "CM_RATE_BURST=20"}})
	r.accept("site1", stranger(0))
	r.eventually("warm", 10*time.Second, r.settled)
	r.list.SetDown(true)
	for i := range 600 {
		r.accept("site1", stranger(i+1))
	}
	r.eventually("the breaker opens", 20*time.Second, func() string {
		if gate, err := r.Store.Gate(t.Context(), "site1"); err != nil || gate.Open {
			return fmt.Sprintf("gate %+v, %v", gate, err)
		}
		return ""
	})
	r.list.SetDown(false)
	r.minuteLater("site1")
	r.accept("site1", stranger(1000))
	r.eventually("the gate opens at the first probe", 10*time.Second, func() string {
		if gate, err := r.Store.Gate(t.Context(), "site1"); err != nil || !gate.Open {
			return fmt.Sprintf("gate %+v, %v", gate, err)
		}
		return ""
	})
}

func TestAProbeThatMeetsNoUpstreamIsNotWasted(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	r.accept("site1", stranger(1))
	r.eventually("warm", 10*time.Second, r.settled)
	if _, err := r.Store.Pause(t.Context(), "site1", "campaignmonitor", "a wrong key"); err != nil {
		t.Fatal(err)
	}
	r.minuteLater("site1")
	r.accept("site1", stranger(1)) // tells nothing new: no call is made
	r.eventually("nothing to write", 10*time.Second, r.settled)
	r.eventually("the next job may probe at once", 5*time.Second, func() string {
		if gate, err := r.Store.Gate(t.Context(), "site1"); err != nil || gate.Wait > time.Second {
			return fmt.Sprintf("gate %+v, %v", gate, err)
		}
		return ""
	})
	r.accept("site1", stranger(2))
	r.eventually("the gate is open", 10*time.Second, r.settled)
}

func TestSlotsThatWorkersSleptThroughAreNotUsedAtOnce(t *testing.T) {
	t.Parallel()
	env := []string{"CM_RATE_LIMIT=10", "CM_RATE_BURST=20"}
	r := newRig(t, rigOptions{noAdmin: true, env: env})
	for i := range 400 {
		r.accept("site1", stranger(i))
	}
	client := r.client()
	r.eventually("they wait for their slots", 20*time.Second, func() string {
		if n := client.ZCard(t.Context(), "{ghostcm}:retry").Val(); n < 300 {
			return fmt.Sprintf("%d wait", n)
		}
		return ""
	})
	r.stop()
	slept := time.Now().Add(-30 * time.Second).Unix()
	for _, job := range client.ZRange(t.Context(), "{ghostcm}:retry", 0, -1).Val() { // half a minute passes
		client.ZAdd(t.Context(), "{ghostcm}:retry", redis.Z{Score: float64(slept), Member: aged(t, job, 60*time.Second)})
		client.ZRem(t.Context(), "{ghostcm}:retry", job)
	}
	client.Del(t.Context(), "{ghostcm}:pace:site1")
	before := r.list.WriteCount()
	again := r.open(rigOptions{noAdmin: true, env: env})
	began := time.Now()
	r.start(again)
	r.eventually("work goes on", 20*time.Second, func() string {
		if r.list.WriteCount()-before < 25 {
			return "too few writes"
		}
		return ""
	})
	took := time.Since(began)
	if n, most := r.list.WriteCount()-before, 40+int(took.Seconds()*12); n > most {
		t.Errorf("%d writes in %v, at 10 a second and a burst of 20", n, took)
	}
}

// aged is a waiting job whose slot was so much earlier.
func aged(t *testing.T, job string, by time.Duration) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(job), &fields); err != nil {
		t.Fatal(err)
	}
	args, ok := fields["args"].(map[string]any)
	if !ok {
		t.Fatalf("a job without arguments")
	}
	for _, name := range []string{"_slot", "_at"} {
		if text, ok := args[name].(string); ok {
			ms, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			args[name] = strconv.FormatInt(ms-by.Milliseconds(), 10)
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
