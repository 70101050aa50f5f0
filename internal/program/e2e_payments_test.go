//go:build e2e

package program_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// grace is the default of PAYMENT_GRACE.
const grace = 7 * 24 * time.Hour

// counter is a ghostcm process that sells the access of a real Ghost: its webhooks
// come in over HTTP, its ledger is read by its own command.
type counter struct {
	*shop
	*realGhost
	machine *machine
	prefix  string // of the addresses of this run
}

func newCounter(t testing.TB) *counter {
	t.Helper()
	g := newRealGhost(t)
	dir, err := os.MkdirTemp("", "e2e") // short: a socket's path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &rig{t: t, list: cmtest.Run(t, cmtest.Options{}), log: &logBuffer{}}
	site := &publication{name: "site1", listID: r.list.CreateList(cmtest.ListOptions{})}
	m := &machine{rig: r, dir: dir, port: freePort(t)}
	r.url = "http://127.0.0.1:" + m.port
	m.env = []string{
		"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=" + r.list.URL(), "ALLOW_INSECURE_URLS=true", "STATE_DIR=" + dir, "RECONCILE_INTERVAL=0",
		"PORT=" + m.port, "LOG_LEVEL=debug", "LOG_FORMAT=json", "HOME=" + dir, "PATH=" + os.Getenv("PATH"),
		"SITE1_NAME=" + site.name, "SITE1_GHOST_WEBHOOK_SECRET=" + secret, "SITE1_CM_LIST_ID=" + site.listID,
		"SITE1_GHOST_URL=" + g.url, "SITE1_GHOST_ADMIN_API_KEY=" + g.key, "SITE1_POLAR_SECRET=" + polarSecret, "SITE1_ZAPIER_TOKEN=" + zapierToken,
		"SITE1_TIERS=prod_gold=ghostcm-e2e-gold,prod_silver=ghostcm-e2e-silver",
	}
	run := fmt.Sprintf("e2e%d", time.Now().UnixNano())
	c := &counter{
		shop: &shop{rig: r, site: site, begun: time.Now().Add(-time.Hour).Truncate(time.Second)}, realGhost: g, machine: m, prefix: run,
	}
	t.Cleanup(func() {
		away := g.in(outliving{t})
		away.forgets(run)
	})
	m.run("serve", "--worker", "--embedded-redis")
	return c
}

const zapierToken = "a-token-of-the-end-to-end-tests"

// outliving is a test whose context is not over at its clean-up.
type outliving struct{ testing.TB }

func (outliving) Context() context.Context { return context.Background() }

// in is the same counter for another test.
func (c *counter) in(t testing.TB) *counter {
	s, r, m := *c.shop, *c.rig, *c.machine
	r.t, s.rig, m.rig = t, &r, &r
	return &counter{shop: &s, realGhost: c.realGhost.in(t), machine: &m, prefix: c.prefix}
}

// who is an address that only one row has.
func (c *counter) who(name string) string { return c.prefix + "." + name + "@example.org" }

// entry is what `payments list --json` says of an entitlement.
type entry struct {
	ID       string    `json:"id"`
	Tier     string    `json:"tier"`
	MemberID string    `json:"member_id"`
	State    string    `json:"state"`
	Reason   string    `json:"reason"`
	EndsAt   time.Time `json:"ends_at"`
}

// command runs ghostcm beside the process that serves, and returns its stdout.
func (c *counter) command(args ...string) []byte {
	c.shop.t.Helper()
	path, err := binary()
	if err != nil {
		c.shop.t.Fatal(err)
	}
	cmd := exec.CommandContext(c.shop.t.Context(), path, args...)
	cmd.Env, cmd.Dir = c.machine.env, c.machine.dir
	out, err := cmd.Output()
	if err != nil {
		c.shop.t.Fatalf("ghostcm %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (c *counter) ledger(id string) (e entry, found bool) {
	c.shop.t.Helper()
	var said struct {
		Entitlements []entry `json:"entitlements"`
	}
	if err := json.Unmarshal(c.command("payments", "list", "--json", "--limit", "1000"), &said); err != nil {
		c.shop.t.Fatal(err)
	}
	i := slices.IndexFunc(said.Entitlements, func(e entry) bool { return e.ID == id })
	if i < 0 {
		return entry{}, false
	}
	return said.Entitlements[i], true
}

// becomes waits until Ghost and the ledger both say what is expected: a member's
// status, the only tier and its end (zero: never; ends is not looked at for no tier),
// and the entitlement's state.
func (c *counter) becomes(email, status, tier string, ends time.Time, id string, state payment.State) held {
	c.shop.t.Helper()
	var seen held
	c.patiently(func() string {
		m, _ := c.realGhost.member(email)
		name, at := m.tier(c.shop.t)
		if m.Status != status || name != tier || tier != "" && !at.Equal(ends) {
			return fmt.Sprintf("Ghost says %q with %q until %v; want %q with %q until %v", m.Status, name, at, status, tier, ends)
		}
		seen = m
		return ""
	})
	c.records(id, state)
	return seen
}

// records waits until the ledger has an entitlement in a state.
func (c *counter) records(id string, state payment.State) (e entry) {
	c.shop.t.Helper()
	c.patiently(func() string {
		var found bool
		if e, found = c.ledger("polar:" + id); !found || e.State != string(state) {
			return fmt.Sprintf("the ledger says %t, %q (%s) of %s; want %q", found, e.State, e.Reason, id, state)
		}
		return ""
	})
	return e
}

// patiently waits for a condition that costs Ghost and the machine something to ask.
func (c *counter) patiently(holds func() string) {
	c.shop.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for problem := holds(); problem != ""; problem = holds() {
		if time.Now().After(deadline) {
			c.shop.t.Fatalf("%s\n%s", problem, tail(c.log.String()))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// end is the end of the period that webhooks name which say no other.
func (c *counter) end() time.Time { return c.begun.AddDate(0, 0, 30) }

// TestJourney7PaymentsFollowTheTruthTable holds Ghost's own answer against the ledger after
// each fact of a purchase's life. The rows that a Ghost without Stripe cannot do, or
// only one without, are chosen by what the Ghost says.
func TestJourney7PaymentsFollowTheTruthTable(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for name, row := range e2eRows(c) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(c.in(t))
		})
	}
}

// e2eRows are those that the Ghost at hand can play.
func e2eRows(c *counter) map[string]func(*counter) {
	rows := map[string]func(*counter){
		"somebody new": (*counter).somebodyNew, "a life": (*counter).aLife, "an end by itself": (*counter).anEndByItself,
		"a refund of one of two": (*counter).oneOfTwo, "a manual comp": (*counter).manualComp, "a lower manual comp": (*counter).lowerManualComp,
		"a member who was deleted": (*counter).deletedMember, "the same webhook ten times": (*counter).tenTimes, "by Zapier": (*counter).byZapier,
	}
	if !c.stripe {
		rows["a free member"] = (*counter).freeWithoutStripe
		rows["a refund"] = (*counter).refundWithoutStripe
		return rows
	}
	rows["a free member"] = (*counter).freeWithStripe
	rows["a refund"] = (*counter).refundWithStripe
	rows["a new address of a member"] = (*counter).newAddress
	if c.standIn != "" {
		rows["a payer of another tier"] = (*counter).payerOfAnother
		rows["a payer of the same tier"] = (*counter).payerOfTheSame
	}
	return rows
}

// BenchmarkRealPurchaseToGrant measures how long after the webhook of a purchase a
// real Ghost shows the new member's access, one at a time.
func BenchmarkRealPurchaseToGrant(b *testing.B) {
	c := newCounter(b)
	var delays []time.Duration
	for b.Loop() {
		email := c.who(fmt.Sprintf("timed%d", len(delays)))
		body := c.bought(email, email, "prod_gold")
		began := time.Now()
		if status, err := c.post(payment.Polar, polarSecret, body); status != http.StatusOK || err != nil {
			b.Fatalf("answered %d, %v", status, err)
		}
		c.patiently(func() string {
			if m, found := c.realGhost.member(email); !found || m.Status != "comped" {
				return "not yet"
			}
			return ""
		})
		delays = append(delays, time.Since(began))
		c.records(email, payment.StateGranted)
	}
	b.ReportMetric(0, "ns/op")
	slices.Sort(delays)
	report(b, delays)
	if load, err := os.ReadFile(filepath.Clean("/proc/loadavg")); err == nil {
		b.Logf("load %s", load)
	}
}
