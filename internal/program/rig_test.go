package program_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

const secret = "a-webhook-secret-of-the-tests"

// rig is the real program between a simulated Ghost and a simulated Campaign
// Monitor, with a real Redis.
type rig struct {
	t     testing.TB
	redis string
	list  *cmtest.Server
	sites []*publication
	log   *logBuffer
	url   string
	stop  func()
	*program.Program
}

// publication is one site's Ghost and list.
type publication struct {
	*ghosttest.Server
	name, listID string
}

type rigOptions struct {
	sites     int  // 0 is one
	noAdmin   bool // no Admin API key: webhooks are all there is
	env       []string
	ghost     ghosttest.Options
	list      cmtest.Options
	setting   string // UnsubscribeSetting; "" is OnlyThisList
	noFields  bool
	noProgram bool // the test starts the program itself
	quiet     bool // no log, as a benchmark needs
	// catchUp is RECONCILE_INTERVAL; 0 is off. A configuration allows no less than a
	// minute.
	catchUp time.Duration
	// providers are the addresses of simulated payment providers.
	providers map[string]string
	server    *redistest.Server // nil: one of its own
}

var fieldTypes = [][2]string{{"ghost_status", "Text"}, {"ghost_signup_date", "Date"}, {"ghost_last_updated", "Date"},
	{"ghost_status_changed_at", "Date"}, {"ghost_previous_status", "Text"}, {"ghost_labels", "Text"}, {"ghost_email_enabled", "Text"}}

func newRig(t testing.TB, o rigOptions) *rig {
	t.Helper()
	if o.server == nil {
		o.server = redistest.New(t)
	}
	r := &rig{t: t, redis: o.server.URL(), list: cmtest.Run(t, o.list), log: &logBuffer{}}
	for i := range max(o.sites, 1) {
		p := &publication{name: fmt.Sprintf("site%d", i+1)}
		o.ghost.Patience = cmp.Or(o.ghost.Patience, time.Minute)
		p.Server = ghosttest.Run(t, o.ghost)
		setting := o.setting
		if setting == "" {
			setting = "OnlyThisList"
		}
		p.listID = r.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: setting})
		for _, f := range fieldTypes {
			if !o.noFields {
				r.list.AddField(p.listID, f[0], f[1])
			}
		}
		r.sites = append(r.sites, p)
	}
	r.Program = r.open(o)
	if !o.noProgram {
		r.start(r.Program)
	}
	return r
}

func (r *rig) open(o rigOptions) *program.Program {
	r.t.Helper()
	cfg, err := config.Load(config.Options{Environ: r.environ(o), Dir: r.t.TempDir()})
	if err != nil {
		r.t.Fatal(err)
	}
	if o.catchUp != 0 {
		cfg.Worker.ReconcileInterval = o.catchUp
	}
	log := slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.quiet {
		log = slog.New(slog.DiscardHandler)
	}
	p, err := program.Open(program.Options{Config: cfg, Log: log, Drain: 5 * time.Second, ProviderURLs: o.providers})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = p.Close() })
	return p
}

func (r *rig) environ(o rigOptions) []string {
	env := []string{"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=" + r.list.URL(), "REDIS_URL=" + r.redis, "ALLOW_INSECURE_URLS=true",
		"CM_RATE_LIMIT=1000", "CM_RATE_BURST=1000", "STATE_DIR=" + r.t.TempDir(), "RECONCILE_INTERVAL=0", "RETRY_SCHEDULE=1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s"}
	for i, p := range r.sites {
		prefix := fmt.Sprintf("SITE%d_", i+1)
		env = append(env, prefix+"NAME="+p.name, prefix+"GHOST_WEBHOOK_SECRET="+secret, prefix+"CM_LIST_ID="+p.listID)
		if !o.noAdmin {
			env = append(env, prefix+"GHOST_URL="+p.URL(), prefix+"GHOST_ADMIN_API_KEY="+p.AdminKey())
		}
	}
	return append(env, o.env...)
}

// start serves and works until the test ends, and points the Ghosts at it.
func (r *rig) start(p *program.Program) {
	r.t.Helper()
	r.runs(p.Both)
}

// runs does the same with a part of the program.
func (r *rig) runs(part func(context.Context, net.Listener) error) {
	r.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.url = "http://" + ln.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := part(ctx, ln); err != nil {
			r.t.Errorf("the program ended with %v", err)
		}
	})
	r.stop = func() { stop(); running.Wait() }
	r.t.Cleanup(r.stop)
	r.pointGhosts()
}

// newRigOn stops the program of a rig, and starts another on the same Redis,
// Ghosts and lists, with other settings.
func newRigOn(t testing.TB, r *rig, env ...string) *rig {
	t.Helper()
	r.stop()
	next := *r
	next.t = t
	next.Program = next.open(rigOptions{noAdmin: len(env) > 0, env: env})
	next.start(next.Program)
	return &next
}

func (r *rig) pointGhosts() {
	for _, s := range r.sites {
		s.Webhooks(func(event string) string { return r.url + "/webhook/ghost/" + s.name + "?event=" + event }, secret)
	}
}

// eventually waits until the condition holds, and says what stands in its way
// if it does not.
func (r *rig) eventually(what string, within time.Duration, holds func() string) {
	r.t.Helper()
	deadline := time.Now().Add(max(within, time.Minute)) // a busy machine is slow, and its tests are no clocks
	for {
		problem := holds()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: %s\n%s", what, problem, tail(r.log.String()))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// settled says what is still waiting.
func (r *rig) settled() string {
	backlog, err := r.Store.Backlog(r.t.Context())
	if err != nil {
		return err.Error()
	}
	if backlog.Members > 0 {
		return fmt.Sprintf("%d members wait in the inbox", backlog.Members)
	}
	return ""
}

// agrees says how a publication and its list differ: every member is on the
// list and active, unless the test says otherwise, and nobody else is active.
func (r *rig) agrees(p *publication, inactive ...string) string {
	members := map[string]ghosttest.Member{}
	for _, m := range p.Members() {
		members[strings.ToLower(m.Email)] = m
		s, ok := r.list.Subscriber(p.listID, m.Email)
		want := map[string]string{"ghost_status": m.Status, "ghost_labels": member.JoinNames(m.Labels)}
		switch {
		case !ok:
			return m.Email + " is not on the list"
		case s.Name != m.Name:
			return fmt.Sprintf("%s is called %q, not %q", m.Email, s.Name, m.Name)
		}
		for field, value := range want {
			if s.Fields[field] != value {
				return fmt.Sprintf("%s: %s is %q, not %q", m.Email, field, s.Fields[field], value)
			}
		}
	}
	for _, email := range inactive {
		delete(members, strings.ToLower(email))
	}
	for _, s := range r.list.Subscribers(p.listID) {
		_, alive := members[strings.ToLower(s.Email)]
		if alive != (s.State == "Active") {
			return fmt.Sprintf("%s is %s, member: %t", s.Email, s.State, alive)
		}
	}
	return ""
}

// clean fails the test for anything that a good client never does.
func (r *rig) clean() {
	r.t.Helper()
	if v := r.list.Violations(); len(v) > 0 {
		r.t.Errorf("Campaign Monitor was asked for what it cuts, drops or ignores: %+v", v)
	}
	if n := r.list.MaxConcurrentPerSubscriber(); n > 1 {
		r.t.Errorf("%d writes for one subscriber were in flight at once", n)
	}
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

// tail is the end of a log, enough to see what went wrong.
func tail(log string) string { return log[max(0, len(log)-4000):] }
