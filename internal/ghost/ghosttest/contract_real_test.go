//go:build e2e

package ghosttest_test

import (
	"net/http"
	"os"
	"testing"
	"time"
)

// TestContractOfARealGhost asks the Ghost that GHOSTCM_TEST_GHOST_URL names what
// the simulator is asked; docs/compatibility.md says how to run it.
func TestContractOfARealGhost(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	c := contract{T: t, url: os.Getenv("GHOSTCM_TEST_GHOST_URL"), key: os.Getenv("GHOSTCM_TEST_GHOST_KEY"), nextSecond: realSecond}
	if c.url == "" || c.key == "" {
		t.Fatal("set GHOSTCM_TEST_GHOST_URL and GHOSTCM_TEST_GHOST_KEY, or use make e2e-ghost")
	}
	config, _ := c.ask(call{method: http.MethodGet, path: "config/"}).body["config"].(map[string]any)
	c.mariadb = config["database"] == "mariadb"
	rows, _ := c.ask(call{method: http.MethodGet, path: "settings/"}).body["settings"].([]any)
	for _, row := range rows {
		r, _ := row.(map[string]any)
		c.stripe = c.stripe || r["key"] == "paid_members_enabled" && r["value"] == true
	}
	if s, found := newStandIn(); found {
		c.pays = s.pays
	}
	if os.Getenv("GHOSTCM_TEST_GHOST_NIGHTLY") != "" {
		c.nightly = realNight
	}
	c.addsGold()
	t.Logf("Ghost %v on %v, Stripe connected: %t", config["version"], config["database"], c.stripe)
	c.asked(t)
}

// addsGold makes the tier that the simulator has from its start.
func (c *contract) addsGold() {
	rows, _ := c.ask(call{method: http.MethodGet, path: "tiers/?limit=100"}).body["tiers"].([]any)
	for _, row := range rows {
		if r, _ := row.(map[string]any); r["name"] == "Contract Gold" {
			return
		}
	}
	a := c.ask(call{method: http.MethodPost, path: "tiers/", body: map[string]any{"tiers": []any{map[string]any{
		"name": "Contract Gold", "monthly_price": 500, "yearly_price": 5000, "currency": "usd"}}}})
	if a.status != http.StatusCreated {
		c.Fatalf("a tier was answered %d %v", a.status, a.body)
	}
}

func realSecond() {
	begun := time.Now()
	next := time.NewTimer(begun.Truncate(time.Second).Add(time.Second + 10*time.Millisecond).Sub(begun))
	<-next.C
}
