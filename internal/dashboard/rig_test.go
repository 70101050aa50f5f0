package dashboard_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

const (
	hookSecret = "a-webhook-secret-of-the-tests"
	opens      = "what opens the dashboard"
	patience   = 60 * time.Second // of every wait: the machine may be slow
)

// rig is the real program between a simulated Ghost and a simulated Campaign
// Monitor, with a real Redis and a dashboard.
type rig struct {
	t     testing.TB
	redis *redistest.Server
	list  *cmtest.Server
	ghost *ghosttest.Server
	id    string // of the list
	url   string
	log   *logBuffer
	*program.Program
}

const siteName = "mainblog"

var fieldTypes = [][2]string{{"ghost_status", "Text"}, {"ghost_signup_date", "Date"}, {"ghost_last_updated", "Date"},
	{"ghost_status_changed_at", "Date"}, {"ghost_previous_status", "Text"}, {"ghost_labels", "Text"}, {"ghost_email_enabled", "Text"}}

func newRig(t testing.TB, env ...string) *rig {
	t.Helper()
	r := &rig{t: t, redis: redistest.New(t, redistest.AOF()), list: cmtest.Run(t, cmtest.Options{}), log: &logBuffer{}}
	r.ghost = ghosttest.Run(t, ghosttest.Options{})
	r.id = r.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})
	for _, f := range fieldTypes {
		r.list.AddField(r.id, f[0], f[1])
	}
	cfg, err := config.Load(config.Options{Environ: r.environ(env), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if r.Program, err = program.Open(program.Options{Config: cfg, Log: log, Drain: 5 * time.Second, Build: program.Build{Version: "1.0.0"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	r.start()
	return r
}

func (r *rig) environ(more []string) []string {
	return append([]string{
		"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=" + r.list.URL(), "REDIS_URL=" + r.redis.URL(), "ALLOW_INSECURE_URLS=true",
		"CM_RATE_LIMIT=1000", "CM_RATE_BURST=1000", "STATE_DIR=" + r.t.TempDir(), "RECONCILE_INTERVAL=0", "RETRY_SCHEDULE=1s",
		"DASHBOARD_PASSWORD=" + opens,
		"SITE1_NAME=" + siteName, "SITE1_GHOST_WEBHOOK_SECRET=" + hookSecret, "SITE1_CM_LIST_ID=" + r.id,
		"SITE1_GHOST_URL=" + r.ghost.URL(), "SITE1_GHOST_ADMIN_API_KEY=" + r.ghost.AdminKey(),
	}, more...)
}

func (r *rig) start() {
	r.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.url = "http://" + ln.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := r.Both(ctx, ln); err != nil {
			r.t.Errorf("the program ended with %v", err)
		}
	})
	r.t.Cleanup(func() { stop(); running.Wait() })
	r.ghost.Webhooks(func(event string) string { return r.url + "/webhook/ghost/" + siteName + "?event=" + event }, hookSecret)
}

// eventually waits until the condition holds, and says what stands in its way if
// it does not.
func (r *rig) eventually(what string, holds func() string) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := holds()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			log := r.log.String()
			r.t.Fatalf("%s: %s\n%s", what, problem, log[max(0, len(log)-4000):])
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (r *rig) join(email, name string, labels ...string) ghosttest.Member {
	r.t.Helper()
	m, err := r.ghost.AddMember(ghosttest.Member{Email: email, Name: name, Labels: labels})
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// fails lets a member join whose event fails for good, for a reason that is over
// by then.
func (r *rig) fails(email, name string) ghosttest.Member {
	r.t.Helper()
	before := r.dead()
	r.settle()
	r.list.SetFaults(cmtest.Faults{Probability: 1, Kinds: []cmtest.Fault{cmtest.Internal}})
	defer r.list.SetFaults(cmtest.Faults{})
	m := r.join(email, name)
	r.eventually("the event of "+name+" fails for good", func() string {
		if r.dead() == before {
			return "it has not"
		}
		return ""
	})
	return m
}

func (r *rig) dead() int {
	n, err := r.Queue.DeadCount(context.Background())
	if err != nil {
		return -1
	}
	return n
}

// settle waits until nothing is under way.
func (r *rig) settle() {
	r.t.Helper()
	r.ghost.Flush()
	r.eventually("everything is done", func() string {
		backlog, err := r.Store.Backlog(context.Background())
		if err != nil {
			return err.Error()
		}
		if backlog.Members > 0 {
			return "members wait"
		}
		return ""
	})
}

func (r *rig) onList(email string) bool {
	_, ok := r.list.Subscriber(r.id, email)
	return ok
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
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

// load reads a configuration with more settings, which win.
func (r *rig) load(env ...string) *config.Config {
	r.t.Helper()
	cfg, err := config.Load(config.Options{Environ: r.environ(env), Dir: r.t.TempDir()})
	if err != nil {
		r.t.Fatal(err)
	}
	return cfg
}

// reload lets the program go on with other settings.
func (r *rig) reload(env ...string) {
	r.t.Helper()
	if _, err := r.Reload(r.load(env...)); err != nil {
		r.t.Fatal(err)
	}
}

// another starts a second process on the same Redis, and returns its URL.
func (r *rig) another() string {
	r.t.Helper()
	p, err := program.Open(program.Options{Config: r.load(), Log: slog.New(slog.DiscardHandler), Drain: 5 * time.Second})
	if err != nil {
		r.t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = p.Serve(ctx, ln) })
	r.t.Cleanup(func() { stop(); running.Wait(); _ = p.Close() })
	return "http://" + ln.Addr().String()
}
