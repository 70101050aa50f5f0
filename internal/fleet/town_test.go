package fleet_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

const (
	webhookSecret = "a-webhook-secret-of-the-fleet"
	polarSecret   = "polar_whs_of-the-fleet"
	stripeSecret  = "whsec_of-the-fleet"

	usual = 20 * time.Millisecond // of Campaign Monitor for an answer
)

// site is a publication: its Ghost, its list, and the network before Ghost.
type site struct {
	*ghosttest.Server
	name, listID string
	wire         *wire
	rereads      bool // ghostcm has its Admin API key
}

// town is the fleet and all that it talks to.
type town struct {
	t       *testing.T
	seed    uint64
	dir     string // of logs, kept when the test fails
	redis   *redistest.Server
	list    *cmtest.Server
	upward  *wire // the network before Campaign Monitor
	sites   []*site
	serves  []*node
	workers []*node
	book    *book
	post    *post
	shop    *shop
	// within is held by what Redis may forget: it loses its last moments when killed,
	// and the serve that remembers them must not be killed with it.
	within chan struct{}

	program *program.Program // looks into the same Redis
	client  *redis.Client
}

// options are what the two forms of the test differ in.
type options struct {
	seed    uint64
	catchUp string // RECONCILE_INTERVAL
	dir     string // where logs are kept when the test fails
}

func newTown(t *testing.T, o options) *town {
	t.Helper()
	town := &town{t: t, seed: o.seed, dir: o.dir, book: newBook(), within: make(chan struct{}, 1)}
	town.redis = redistest.New(t, redistest.Args("--appendonly", "yes", "--appendfsync", "everysec"))
	town.list = cmtest.Run(t, cmtest.Options{
		Delay: usual, Faults: cmtest.Faults{Seed: o.seed},
		PerSubscriber: cmtest.Limit{N: 8, Window: 2 * time.Second}, Account: cmtest.Limit{N: 100, Window: time.Second},
	})
	town.upward = before(t, town.list.URL())
	for i := range 2 {
		town.sites = append(town.sites, town.newSite(i))
	}
	env := town.environ(o)
	town.program = town.inspector(env)
	for i := range 3 {
		town.serves = append(town.serves, newNode(t, o.dir, "serve", i+1, newWire(t, "unix", town.redis.Socket()), env))
		town.workers = append(town.workers, newNode(t, o.dir, "worker", i+1, newWire(t, "unix", town.redis.Socket()), env))
	}
	town.post = &post{town: town, random: town.random("post"), shunned: map[*node]time.Time{}}
	town.shop = newShop(town)
	return town
}

// before is the network before a simulator.
func before(t *testing.T, address string) *wire {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return newWire(t, "tcp", u.Host)
}

// newSite makes a publication. The first sells access and lets its members be read
// again; of the second, webhooks are all there is, so that nothing but they can
// have brought what stands in the end.
func (town *town) newSite(i int) *site {
	town.t.Helper()
	s := &site{name: fmt.Sprintf("site%d", i+1), rereads: i == 0}
	s.Server = ghosttest.Run(town.t, ghosttest.Options{Stripe: true, MariaDB: true, Seed: town.seed + uint64(i), Now: ticking()})
	s.AddTier("Gold", "gold")
	s.AddTier("Silver", "silver")
	s.HoldWebhooks(true)
	s.Webhooks(func(event string) string { return "http://balancer/webhook/ghost/" + s.name + "?event=" + event }, webhookSecret)
	s.wire = before(town.t, s.URL())
	s.listID = town.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})
	for name, kind := range map[string]string{"ghost_status": "Text", "ghost_signup_date": "Date", "ghost_last_updated": "Date",
		"ghost_status_changed_at": "Date", "ghost_previous_status": "Text", "ghost_labels": "Text", "ghost_email_enabled": "Text"} {
		town.list.AddField(s.listID, name, kind)
	}
	return s
}

// ticking is the time, but never shows a millisecond twice: of two webhooks of one
// member with one send time, nobody could say which is newer.
func ticking() func() time.Time {
	var mu sync.Mutex
	var last time.Time
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now().Truncate(time.Millisecond)
		if !now.After(last) {
			now = last.Add(time.Millisecond)
		}
		last = now
		return now
	}
}

func (town *town) environ(o options) []string {
	const retries = "1s,1s,2s,2s,3s,3s,5s,5s,5s,5s,10s,10s,10s,20s,20s,20s"
	env := []string{
		"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=http://" + town.upward.Address() + "/api/v3.3", "ALLOW_INSECURE_URLS=true",
		"CM_RATE_LIMIT=40", "CM_RATE_BURST=20", "WEBHOOK_RATE_LIMIT=0", "RECONCILE_INTERVAL=" + o.catchUp,
		"RETRY_SCHEDULE=" + retries, "PAYMENT_RETRY_SCHEDULE=" + retries,
	}
	for i, s := range town.sites {
		prefix := fmt.Sprintf("SITE%d_", i+1)
		env = append(env, prefix+"NAME="+s.name, prefix+"GHOST_WEBHOOK_SECRET="+webhookSecret, prefix+"CM_LIST_ID="+s.listID)
		if s.rereads {
			env = append(env, prefix+"GHOST_URL=http://"+s.wire.Address(), prefix+"GHOST_ADMIN_API_KEY="+s.AdminKey(),
				prefix+"POLAR_SECRET="+polarSecret, prefix+"STRIPE_SECRET="+stripeSecret, prefix+"TIERS=prod_gold=gold,prod_silver=silver")
		} else {
			env = append(env, prefix+"ON_DELETE=delete")
		}
	}
	return env
}

// inspector is the program with the fleet's settings, to look and not to work.
func (town *town) inspector(env []string) *program.Program {
	town.t.Helper()
	direct := append([]string{"REDIS_URL=" + town.redis.URL(), "STATE_DIR=" + town.t.TempDir()}, env...)
	cfg, err := config.Load(config.Options{Environ: direct, Dir: town.t.TempDir()})
	if err != nil {
		town.t.Fatal(err)
	}
	p, err := program.Open(program.Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		town.t.Fatal(err)
	}
	options, err := redis.ParseURL(town.redis.URL())
	if err != nil {
		town.t.Fatal(err)
	}
	town.client = redis.NewClient(options)
	town.t.Cleanup(func() { _, _ = p.Close(), town.client.Close() })
	return p
}

// random is a source of its own for each part of the town, so that what one does
// says nothing of what another will.
func (town *town) random(part string) *rand.Rand {
	h := uint64(14695981039346656037) // FNV-1a
	for _, c := range []byte(part) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(town.seed, h))
}

func (town *town) nodes() []*node { return append(append([]*node{}, town.serves...), town.workers...) }

// start starts the fleet, and waits until it takes webhooks.
func (town *town) start() {
	town.t.Helper()
	for _, n := range town.nodes() {
		if err := n.Start(); err != nil {
			town.t.Fatal(err)
		}
	}
	for _, n := range town.nodes() {
		town.eventually("ready", time.Minute, n.Ready)
	}
}

// eventually waits until the condition holds, and says what stands in its way if
// it does not.
func (town *town) eventually(what string, within time.Duration, holds func() string) bool {
	town.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		problem := holds()
		if problem == "" {
			return true
		}
		if time.Now().After(deadline) {
			town.t.Errorf("%s, after %v: %s", what, within, problem)
			return false
		}
	}
}

// newDir is where the logs of a run are. They are kept if it fails.
func newDir(t *testing.T, seed uint64) string {
	t.Helper()
	dir, err := os.MkdirTemp("", fmt.Sprintf("ghostcm-fleet-%d-", seed))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(dir)
			return
		}
		t.Logf("the logs are in %s; to run it again: make chaos SEED=%d", filepath.Join(dir, "*", "log"), seed)
	})
	return dir
}

// rest waits, but not longer than the context.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
