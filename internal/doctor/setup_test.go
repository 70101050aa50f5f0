package doctor_test

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

const (
	secret = "hunter2-of-the-blog"
	token  = "hunter2-token-of-the-list"
	pool   = "{ghostcm}:worker_pools"
)

// world is an installation with one site, "blog", in which all is well.
type world struct {
	t      *testing.T
	server *redistest.Server
	redis  *redis.Client
	store  *store.Store
	ghost  *ghosttest.Server
	list   *cmtest.Server
	listID string
	front  *httptest.Server // at the public URL
	answer atomic.Pointer[http.Handler]

	options doctor.Options
	site    *doctor.Site // the only one of options
}

// variant is what a world is made with; the zero value is a healthy one.
type variant struct {
	redis []string // arguments of redis-server, over those of a good one
	ghost ghosttest.Options
	list  cmtest.ListOptions
	front http.Handler // what answers at the public URL; nil is a ghostcm
	clock time.Duration
	bare  bool // nothing is registered or created, and no webhook has come
}

func build(t *testing.T, v variant) *world {
	t.Helper()
	args := append([]string{"--appendonly", "yes", "--appendfsync", "everysec"}, v.redis...)
	w := &world{t: t, server: redistest.New(t, redistest.Args(args...))}
	w.redis = w.client(w.server.URL())
	w.ghost, w.list = ghosttest.Run(t, v.ghost), cmtest.Run(t, cmtest.Options{})
	if v.list.UnsubscribeSetting == "" {
		v.list.UnsubscribeSetting = "OnlyThisList"
	}
	w.listID = w.list.CreateList(v.list)
	if v.front == nil {
		v.front = webhook.NewGhost(webhook.GhostOptions{})
	}
	w.answers(v.front)
	w.front = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		(*w.answer.Load()).ServeHTTP(rw, r)
	}))
	w.front.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	w.front.StartTLS()
	t.Cleanup(w.front.Close)
	w.store = store.New(w.redis, func() time.Time { return time.Now().Add(v.clock) })
	w.options = doctor.Options{
		Store: w.store, Queue: jobs.NewQueue(w.redis), Sites: []doctor.Site{w.blog()}, StateDir: w.privateDir(),
		SilenceAfter: 24 * time.Hour, PublicURL: w.front.URL, Outbound: egress.Options{TLS: w.trust()},
		Now: time.Now, Reason: func(error) string { return "Redis is away" },
	}
	w.site = &w.options.Sites[0]
	w.works(true)
	if !v.bare {
		w.mend()
		w.heard(store.Heard{At: time.Now()})
	}
	return w
}

// answers changes what answers at the public URL.
func (w *world) answers(h http.Handler) { w.answer.Store(&h) }

func (w *world) client(url string) *redis.Client {
	w.t.Helper()
	c, err := store.Open(store.Options{URL: url, Timeouts: store.WorkerTimeouts()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (w *world) blog() doctor.Site {
	w.t.Helper()
	watch := &doctor.Watch{}
	return doctor.Site{
		Name: "blog", Prefix: "SITE1_", Ghost: w.ghostClient(w.ghost.URL(), w.ghost.AdminKey()), GhostURL: w.ghost.URL(), Secret: secret,
		List: w.listClient(cmtest.DefaultKey, watch), ListTime: watch, ListID: w.listID, Fields: everyField(),
		Policy: egress.Policy{AllowPrivate: true, AllowHTTP: true},
	}
}

func everyField() map[member.Fact]string {
	fields := map[member.Fact]string{}
	for _, fact := range []member.Fact{
		member.FactStatus, member.FactSignupDate, member.FactLastUpdated, member.FactStatusChangedAt, member.FactPreviousStatus,
		member.FactLabels, member.FactEmailEnabled, member.FactTiers, member.FactNewsletters,
	} {
		fields[fact] = "ghost_" + string(fact)
	}
	return fields
}

func (w *world) ghostClient(url, key string) *ghost.Client {
	w.t.Helper()
	c, err := ghost.New(ghost.Options{URL: url, AdminKey: key, HTTP: loose()})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) listClient(key string, watch *doctor.Watch) *campaignmonitor.Client {
	w.t.Helper()
	c, err := campaignmonitor.New(campaignmonitor.Options{BaseURL: w.list.URL(), APIKey: key, HTTP: watch.On(loose())})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// loose is a client that may go to loopback.
func loose() *http.Client {
	return egress.Client(egress.Policy{AllowPrivate: true, AllowHTTP: true}, egress.Options{})
}

func (w *world) trust() *tls.Config {
	return w.front.Client().Transport.(*http.Transport).TLSClientConfig
}

func (w *world) privateDir() string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// works lets a worker process be alive, or none.
func (w *world) works(alive bool) {
	w.t.Helper()
	if alive {
		w.do("SADD", pool, "1")
		w.do("HSET", pool+":1", "heartbeat_at", time.Now().Add(time.Hour).Unix())
		return
	}
	w.do("DEL", pool, pool+":1")
}

func (w *world) heard(h store.Heard) {
	w.t.Helper()
	if err := w.store.Hear(w.t.Context(), map[string]store.Heard{"blog": h}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) heardOf(name string, h store.Heard) {
	w.t.Helper()
	if err := w.store.Hear(w.t.Context(), map[string]store.Heard{name: h}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) do(args ...any) {
	w.t.Helper()
	if err := w.redis.Do(w.t.Context(), args...).Err(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) examine() doctor.Report {
	w.t.Helper()
	return doctor.New(w.options).Examine(w.t.Context())
}

func (w *world) mend() []doctor.Action {
	w.t.Helper()
	return doctor.New(w.options).Mend(w.t.Context()).Actions
}

// state is a finding that is not well: "fail" or "warn", or "not checked".
func state(f doctor.Finding) string {
	if strings.HasPrefix(f.Detail, "not checked: ") && f.Status == doctor.Warn {
		return "not checked"
	}
	return string(f.Status)
}

// unwell are the findings that are not ok, by "name" or "site name".
func unwell(r doctor.Report) map[string]string {
	found := map[string]string{}
	for _, f := range r.Findings {
		if f.Status != doctor.OK {
			found[strings.TrimSpace(f.Site+" "+f.Name)] = state(f)
		}
	}
	return found
}

// finds examines and compares everything that is not well: breaking one thing
// must not show as another.
func (w *world) finds(want map[string]string) doctor.Report {
	w.t.Helper()
	r := w.examine()
	found := unwell(r)
	if _, wanted := want["redis_latency"]; !wanted {
		delete(found, "redis_latency") // how busy the machine of the test is, is no finding
	}
	if diff := cmp.Diff(want, found); diff != "" {
		w.t.Errorf("not well (-want +got):\n%s%s", diff, told(r))
	}
	for _, f := range r.Findings {
		if (f.Status == doctor.Fail) && f.Remedy == "" || f.Detail == "" {
			w.t.Errorf("%s %s has no remedy or detail", f.Site, f.Name)
		}
		if strings.Contains(f.Detail+f.Remedy, "hunter2") {
			w.t.Errorf("%s %s shows a secret: %s; %s", f.Site, f.Name, f.Detail, f.Remedy)
		}
	}
	return r
}

func told(r doctor.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Status != doctor.OK {
			fmt.Fprintf(&b, "%s %s %s: %s [%s]\n", f.Status, f.Site, f.Name, f.Detail, f.Remedy)
		}
	}
	return b.String()
}

// detail is what was found under a name.
func detail(t *testing.T, r doctor.Report, name string) doctor.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if strings.TrimSpace(f.Site+" "+f.Name) == name {
			return f
		}
	}
	t.Fatalf("there is no check %s", name)
	return doctor.Finding{}
}

// says fails unless the finding's text holds all of the words.
func says(t *testing.T, r doctor.Report, name string, words ...string) {
	t.Helper()
	f := detail(t, r, name)
	for _, word := range words {
		if !strings.Contains(f.Detail+"\n"+f.Remedy, word) {
			t.Errorf("%s does not say %q: %s [%s]", name, word, f.Detail, f.Remedy)
		}
	}
}
