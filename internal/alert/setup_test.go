package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	site   = "blog"
	secret = "hunter2-of-the-alerts"
)

// receiver is a real HTTP server that takes messages, or does what answer says.
type receiver struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]

	mu     sync.Mutex
	got    []notice
	bodies [][]byte
	signed []string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP is the receiver.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if answer := r.answer.Load(); answer != nil {
		(*answer)(w, req)
		return
	}
	body, _ := io.ReadAll(req.Body)
	var n notice
	if err := json.Unmarshal(body, &n); err != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.bodies, r.signed = append(r.got, n), append(r.bodies, body), append(r.signed, req.Header.Get(SignatureHeader))
}

func (r *receiver) does(answer http.HandlerFunc) { r.answer.Store(&answer) }
func (r *receiver) takes()                       { r.answer.Store(nil) }

// told is what came, one word for each message.
func (r *receiver) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := []string{}
	for _, n := range r.got {
		told = append(told, fmt.Sprintf("%s %s %s %d", n.Alert, n.Site, n.Status, n.Count))
	}
	return told
}

// world is a fleet of processes with one Redis, one receiver and one clock.
type world struct {
	t *testing.T
	*receiver
	store   *store.Store
	queue   *jobs.Queue
	client  store.Client
	redis   *redistest.Server
	metrics *metrics.Metrics
	log     *logBuffer
	seen    []Condition // by the lookout of processes that have no Watcher
	secret  string

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, receiver: newReceiver(t), log: &logBuffer{}, now: time.UnixMilli(1_700_000_000_000), secret: secret}
	w.redis = redistest.New(t)
	client, err := store.Open(store.Options{URL: w.redis.URL(), Timeouts: store.Timeouts{Slot: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	w.client, w.store, w.queue = client, store.New(client, w.clock), jobs.NewQueue(client)
	w.metrics = metrics.New(metrics.NewRegistry())
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// process is one of the fleet, which sees what the test says.
func (w *world) process() *Alerts { return w.watching(w) }

func (w *world) watching(with Lookout) *Alerts {
	var ids atomic.Int64
	return New(Options{
		Board: w.store, Lookout: with, Log: slog.New(slog.NewJSONHandler(w.log, nil)), Metrics: w.metrics, Now: w.clock,
		NewID: func() string { return fmt.Sprint("id", ids.Add(1)) },
		Settings: func() Settings {
			return Settings{Target: w.target(), Sites: []string{site}, SilenceAfter: 24 * time.Hour}
		},
	})
}

func (w *world) target() Target {
	client := egress.Client(egress.Policy{AllowPrivate: true, AllowHTTP: true}, egress.Options{})
	w.t.Cleanup(client.CloseIdleConnections)
	return Target{URL: w.URL + "/hook/token-of-the-receiver", Secret: w.secret, HTTP: client, pause: time.Millisecond}
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

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (w *world) metric() string {
	answer := httptest.NewRecorder()
	w.metrics.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return answer.Body.String()
}
