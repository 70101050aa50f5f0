package program_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// explained is a key as docs/redis.md explains it.
type explained struct {
	name  string
	is    *regexp.Regexp
	types []string      // what Redis calls them
	lasts time.Duration // that its time of life is at most; 0: the manual names none
}

// manual are the keys of docs/redis.md.
func manual(t *testing.T) (all []explained) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "redis.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| `{ghostcm}:") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 4 {
			t.Fatalf("docs/redis.md has a row of another form: %s", line)
		}
		first := ""
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[0], -1) {
			name := quoted[1]
			if rest, short := strings.CutPrefix(name, "…"); short {
				name = spelledOut(first, rest)
			}
			first = name
			all = append(all, explained{name: name, is: pattern(name), types: types(cells[1]), lasts: lasts(strings.TrimSpace(cells[3]))})
		}
	}
	return all
}

// spelledOut is a key of which the manual writes the end only: what begins like a
// part of the key before it takes that part's place, else the place of as many.
func spelledOut(before, end string) string {
	parts, ends := strings.Split(before, ":"), strings.Split(end, ":")[1:]
	at := slices.Index(parts, ends[0])
	if at < 0 {
		at = len(parts) - len(ends)
	}
	return strings.Join(append(slices.Clone(parts[:at]), ends...), ":")
}

func pattern(name string) *regexp.Regexp {
	placeholders := map[string]string{ // of an id, a provider may have made any
		"SITE": `[^:]+`, "ID": `.+`, "XX": `..`, "HASH": `[^:]+`, "DAY": `\d{8}`, "HOUR": `\d+`, "PROVIDER": `[a-z-]+`,
		"STATE": `[a-z_]+`, "HOLDER": `[mac]:.+`, "NETWORK": `.+`, "POOL": `[^:]+`,
	}
	parts := strings.Split(name, ":")
	for i, part := range parts {
		if form, is := placeholders[part]; is {
			parts[i] = form
		} else {
			parts[i] = regexp.QuoteMeta(part)
		}
	}
	return regexp.MustCompile("^" + strings.Join(parts, ":") + "$")
}

func types(cell string) (all []string) {
	for word := range strings.SplitSeq(cell, ",") {
		word = strings.TrimSuffix(strings.TrimSpace(word), "s")
		if word == "sorted set" {
			word = "zset"
		}
		all = append(all, word)
	}
	return all
}

// lasts reads a time of life that does not begin by "until" or "no end".
func lasts(cell string) time.Duration {
	cell = strings.Replace(cell, "a minute", "1 minute", 1)
	found := regexp.MustCompile(`^(\d+) (s|minute|hour|h|day|year)`).FindStringSubmatch(cell)
	if strings.HasPrefix(cell, "seconds") {
		return time.Minute
	}
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	unit := map[string]time.Duration{
		"s": time.Second, "minute": time.Minute, "hour": time.Hour, "h": time.Hour, "day": 24 * time.Hour, "year": 366 * 24 * time.Hour,
	}
	return time.Duration(n) * unit[found[2]]
}

// touched collects the names of all keys that a Redis is asked to change.
type touched struct {
	mu    sync.Mutex
	names map[string]bool
}

func watchKeys(t *testing.T, client *redis.Client) *touched {
	t.Helper()
	order(t, client, "CONFIG", "SET", "notify-keyspace-events", "KA")
	const channel = "__keyspace@0__:"
	seen := &touched{names: map[string]bool{}}
	sub := client.PSubscribe(t.Context(), channel+"*")
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Close() })
	events := sub.Channel(redis.WithChannelSize(100_000))
	go func() { // it ends with the subscription
		for e := range events {
			seen.mu.Lock()
			seen.names[strings.TrimPrefix(e.Channel, channel)] = true
			seen.mu.Unlock()
		}
	}()
	return seen
}

func (s *touched) has(is *regexp.Regexp) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.names {
		if is.MatchString(name) {
			return true
		}
	}
	return false
}

// TestEveryKeyIsOneThatTheManualExplains runs every feature, and holds each key that
// came into being, however short, against the manual: its name, with namespace and
// hash tag, its type, and that it ends where the manual names a time.
func TestEveryKeyIsOneThatTheManualExplains(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	seen := watchKeys(t, redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket()}))
	s := useEverything(t, server)
	client, rows := s.client(), manual(t)
	s.eventually("all that the manual names was there", long, func() string {
		var missing []string
		for _, row := range rows {
			if !seen.has(row.is) && !slices.Contains(notHere(), row.name) {
				missing = append(missing, row.name)
			}
		}
		return strings.Join(missing, ", ")
	})
	names := func() []string { seen.mu.Lock(); defer seen.mu.Unlock(); return sortedKeys(seen.names) }
	explains := func(name string) (all []explained) {
		for _, row := range rows {
			if row.is.MatchString(name) {
				all = append(all, row)
			}
		}
		return all
	}
	for _, name := range names() {
		all := explains(name)
		if len(all) == 0 {
			t.Errorf("docs/redis.md does not explain %s", name)
			continue
		}
		kind, ttl := client.Type(t.Context(), name).Val(), client.PTTL(t.Context(), name).Val()
		if kind == "none" { // it has ended meanwhile
			continue
		}
		if !slices.ContainsFunc(all, func(row explained) bool {
			return slices.Contains(row.types, kind) && (row.lasts == 0 || ttl > 0 && ttl <= row.lasts+row.lasts/100)
		}) {
			t.Errorf("%s is a %s that lasts %v; docs/redis.md says %s, %v", name, kind, ttl, all[0].types, all[0].lasts)
		}
	}
}

func sortedKeys(of map[string]bool) (keys []string) {
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// notHere are keys of what this test does not bring about; others do.
func notHere() []string {
	return []string{
		"{ghostcm}:alive", "{ghostcm}:wake", // nothing is written under these names
		"{ghostcm}:refused:SITE:PROVIDER", // when 1,000 are in the quarantine
	}
}

// useEverything has everything happen that leaves something in Redis.
func useEverything(t *testing.T, server *redistest.Server) *shop {
	t.Helper()
	outside := httptest.NewServer(&heard{})
	t.Cleanup(outside.Close)
	s := newShop(t, rigOptions{server: server, ghost: connected(), catchUp: often, env: []string{
		"DASHBOARD_PASSWORD=" + markedPassword, "ALERT_WEBHOOK_URL=" + outside.URL, "HEARTBEAT_URL=" + outside.URL, "RETRY_SCHEDULE=1s",
		"SITE1_CM_WEBHOOK_TOKEN=" + listToken, "SITE1_OPT_OUTS_TO_GHOST=true",
	}})
	jo, err := s.site.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.site.AddMember(ghosttest.Member{Email: markedDying}); err != nil {
		t.Fatal(err)
	}
	s.site.Flush()
	s.takes(s.bought("sub-1", "jo@example.org", "prod_gold"))
	s.takes(s.refunded("order-2", "sub-nobody-knows", "ann@example.org", "prod_gold"))
	if status := s.pay(payment.Polar, "polar_whs_wrong", s.bought("sub-3", "jo@example.org", "prod_gold")); status != 401 {
		t.Errorf("a delivery with a wrong signature was answered %d", status)
	}
	s.comes("the purchase is in the ledger", s.state("polar:sub-1", payment.StateGranted))
	s.eventually("one is a dead letter", long, func() string {
		if len(s.dead()) == 0 {
			return "no dead letter"
		}
		return ""
	})
	if err := s.site.EditMember(jo.ID, func(m *ghosttest.Member) { m.Email = "jo@example.net" }); err != nil {
		t.Fatal(err)
	}
	s.site.Flush()
	for _, dry := range []bool{true, false} {
		if _, err := s.Sync(t.Context(), s.site.name, reconcile.Request{DryRun: dry}); err != nil {
			t.Log(err) // the catch-up may be at it
		}
	}
	if _, err := s.Doctor(t.Context(), program.Examination{Fix: true, PublicURL: s.url}); err != nil {
		t.Fatal(err)
	}
	s.falters(jo.ID)
	s.useRarely(jo.ID)
	return s
}

// falters has Campaign Monitor be down while a member changes.
func (s *shop) falters(id string) {
	s.t.Helper()
	s.list.SetDown(true)
	if err := s.site.EditMember(id, func(m *ghosttest.Member) { m.Name = "Joan" }); err != nil {
		s.t.Fatal(err)
	}
	s.site.Flush()
	s.eventually("it is tried again", long, func() string {
		if waiting, err := s.Queue.Stats(s.t.Context()); err != nil || waiting.Retrying == 0 {
			return fmt.Sprintf("%+v, %v", waiting, err)
		}
		return ""
	})
	s.list.SetDown(false)
}

// useRarely calls what the flows call seldom, or by the clock.
func (s *shop) useRarely(id string) {
	s.t.Helper()
	ctx, site, pace := s.t.Context(), s.site.name, store.Pace{PerSecond: 10, Burst: 20}
	failures := []error{
		s.Store.HoldBack(ctx, site, pace, time.Second), s.Store.Refund(ctx, site, pace),
		s.Store.KeepHook(ctx, site, "member.added", store.Hook{}), s.Store.KeepOptOut(ctx, site, id, time.Second),
		s.Store.OpenSession(ctx, "a-digest", time.Hour), s.Store.KeepExamples(ctx, "a-task", []byte("[]")),
	}
	note := func(_ any, err error) { failures = append(failures, err) }
	note(s.Store.Pause(ctx, site, "ghost", "a test"))
	note(s.Store.Succeed(ctx, site, "ghost"))
	note(s.Store.AllowVanished(ctx, site, id))
	note(s.Store.CountUnproven(ctx, store.PaymentDelivery{Site: site, Provider: "paypal-ipn", Network: "192.0.2.0/24"}))
	note(s.Store.ClaimBackfill(ctx, site, payment.Polar, time.Hour, "a test", true))
	for _, err := range failures {
		if err != nil {
			s.t.Error(err)
		}
	}
}
