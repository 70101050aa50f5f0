//go:build e2e

package program_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// realGhost is a Ghost that runs somewhere, asked by plain requests: what the tests
// compare with must not come through the client that they test.
type realGhost struct {
	t                    testing.TB
	url, key             string
	owner                string // "address:password", who may do what an integration may not
	restart, seed        string // commands: start this Ghost anew; the same with members put into its database
	mails                string // where the mails that it sent are
	stripe               bool   // connected in it
	standIn, signsStripe string // control address of the stand-in Stripe, and the secret of its webhooks
	nightly              string // a command that makes Ghost run its nightly job now
	tiers                map[string]string
}

// The tiers that the tests sell, made in Ghost if they are not there, by name.
const (
	goldTier   = "ghostcm e2e gold"
	silverTier = "ghostcm e2e silver"
)

// newRealGhost takes a Ghost from the environment; docs/compatibility.md names the
// variables.
func newRealGhost(t testing.TB) *realGhost {
	t.Helper()
	g := &realGhost{
		t: t, url: os.Getenv("GHOSTCM_TEST_GHOST_URL"), key: os.Getenv("GHOSTCM_TEST_GHOST_KEY"),
		standIn: os.Getenv("GHOSTCM_TEST_STRIPE_URL"), signsStripe: os.Getenv("GHOSTCM_TEST_STRIPE_SECRET"),
		nightly: os.Getenv("GHOSTCM_TEST_GHOST_NIGHTLY"), owner: os.Getenv("GHOSTCM_TEST_GHOST_OWNER"), restart: os.Getenv("GHOSTCM_TEST_GHOST_RESTART"),
		seed: os.Getenv("GHOSTCM_TEST_GHOST_SEED"), mails: os.Getenv("GHOSTCM_TEST_GHOST_MAILS"), tiers: map[string]string{},
	}
	if g.url == "" || g.key == "" {
		t.Fatal("set GHOSTCM_TEST_GHOST_URL and GHOSTCM_TEST_GHOST_KEY, or use make e2e-ghost")
	}
	var said struct {
		Settings []struct {
			Key   string `json:"key"`
			Value any    `json:"value"`
		} `json:"settings"`
		Config struct {
			Version, Database string
		} `json:"config"`
	}
	g.ask(http.MethodGet, "settings/", nil, &said)
	g.ask(http.MethodGet, "config/", nil, &said)
	for _, s := range said.Settings {
		g.stripe = g.stripe || s.Key == "paid_members_enabled" && s.Value == true
	}
	for _, name := range []string{goldTier, silverTier} {
		g.tiers[name] = g.tier(name)
	}
	t.Logf("Ghost %s on %s, Stripe connected: %t", said.Config.Version, said.Config.Database, g.stripe)
	return g
}

// in is the same Ghost for another test.
func (g *realGhost) in(t testing.TB) *realGhost {
	other := *g
	other.t = t
	return &other
}

// held is how Ghost shows a member, the part of it that is about access.
type held struct {
	ID     string `json:"id"`
	Email  string `json:"email"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Note   string `json:"note"`
	Tiers  []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Ends any    `json:"expiry_at"` // a text on MariaDB, a number on SQLite
	} `json:"tiers"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
	Newsletters []struct {
		ID string `json:"id"`
	} `json:"newsletters"`
	Subscriptions []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
		Leaves bool   `json:"cancel_at_period_end"`
		Plan   struct {
			Nickname string `json:"nickname"`
			Amount   int    `json:"amount"`
		} `json:"plan"`
	} `json:"subscriptions"`
}

// tier is the name of the only tier, "" of none, and the time when it ends.
func (h held) tier(t testing.TB) (name string, ends time.Time) {
	t.Helper()
	for _, tier := range h.Tiers {
		name += strings.TrimPrefix(tier.Name, "ghostcm e2e ")
		switch at := tier.Ends.(type) {
		case nil:
		case float64:
			ends = time.UnixMilli(int64(at)).UTC()
		case string:
			parsed, err := time.Parse(time.RFC3339Nano, at)
			if err != nil {
				t.Fatal(err)
			}
			ends = parsed
		}
	}
	return name, ends
}

// call asks the Admin API, and returns the status and the body.
func (g *realGhost) call(method, path string, body any) (int, []byte) {
	g.t.Helper()
	status, answer, err := g.send(method, path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	return status, answer
}

// send does the same of a Ghost that may be away.
func (g *realGhost) send(method, path string, body any) (status int, answer []byte, err error) {
	g.t.Helper()
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return 0, nil, err
		}
	}
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.url+"/ghost/api/admin/"+path, &sent)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Ghost "+g.token())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// ask fails the test unless Ghost answers well.
func (g *realGhost) ask(method, path string, body, into any) {
	g.t.Helper()
	status, answer := g.call(method, path, body)
	if status/100 != 2 {
		g.t.Fatalf("%s %s was answered %d %s", method, path, status, answer)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		g.t.Fatal(err)
	}
}

func (g *realGhost) token() string {
	id, secret, _ := strings.Cut(g.key, ":")
	part := func(v any) string {
		raw, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	now := time.Now().Unix()
	said := part(map[string]any{"alg": "HS256", "typ": "JWT", "kid": id}) + "." + part(map[string]any{"iat": now, "exp": now + 240, "aud": "/admin/"})
	key, err := hex.DecodeString(secret)
	if err != nil {
		g.t.Fatal("GHOSTCM_TEST_GHOST_KEY is not id:hex")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(said))
	return said + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// tier finds a paid tier by its name, or makes it, and returns its id.
func (g *realGhost) tier(name string) string {
	g.t.Helper()
	var said struct {
		Tiers []struct {
			ID, Name string
		} `json:"tiers"`
	}
	g.ask(http.MethodGet, "tiers/?limit=100", nil, &said)
	for _, t := range said.Tiers {
		if t.Name == name {
			return t.ID
		}
	}
	g.ask(http.MethodPost, "tiers/", map[string]any{"tiers": []any{map[string]any{
		"name": name, "monthly_price": 500, "yearly_price": 5000, "currency": "usd"}}}, &said)
	return said.Tiers[0].ID
}

// member finds who has an address, whatever its case.
func (g *realGhost) member(email string) (held, bool) {
	g.t.Helper()
	var said struct {
		Members []held `json:"members"`
	}
	g.ask(http.MethodGet, "members/?include=tiers&filter="+url.QueryEscape("email:'"+email+"'"), nil, &said)
	if len(said.Members) > 1 {
		g.t.Fatalf("%d members have the same address", len(said.Members))
	}
	if len(said.Members) == 0 {
		return held{}, false
	}
	return said.Members[0], true
}

// adds makes a member, who is gone at the test's end.
func (g *realGhost) adds(fields map[string]any) held {
	g.t.Helper()
	var said struct {
		Members []held `json:"members"`
	}
	g.ask(http.MethodPost, "members/", map[string]any{"members": []any{fields}}, &said)
	return said.Members[0]
}

func (g *realGhost) edits(id string, fields map[string]any) {
	g.t.Helper()
	g.ask(http.MethodPut, "members/"+id+"/", map[string]any{"members": []any{fields}}, nil)
}

// forgets deletes the members that a run of the tests has made.
func (g *realGhost) forgets(run string) {
	var said struct {
		Members []held `json:"members"`
	}
	g.ask(http.MethodGet, "members/?limit=100&filter="+url.QueryEscape("email:~'"+run+"'"), nil, &said)
	for _, m := range said.Members {
		g.call(http.MethodDelete, "members/"+m.ID+"/", nil)
	}
}

// control tells the stand-in Stripe something, and returns what it said.
func (g *realGhost) control(path string, body any) []byte {
	g.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	resp, err := http.Post(g.standIn+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		g.t.Fatalf("the stand-in Stripe answered %d, %v", resp.StatusCode, err)
	}
	return said
}

// product is what Stripe calls a tier; "" if Ghost has not made it there.
func (g *realGhost) product(name string) string {
	g.t.Helper()
	var said struct {
		Products map[string]struct{ ID, Name string } `json:"products"`
	}
	if err := json.Unmarshal(g.control("/_ctl/dump", nil), &said); err != nil {
		g.t.Fatal(err)
	}
	for _, p := range said.Products {
		if p.Name == name {
			return p.ID
		}
	}
	return ""
}

// payer makes a member who pays for a tier by Stripe, of Ghost's own doing.
func (g *realGhost) payer(email, product string) (m held, subscription map[string]any) {
	g.t.Helper()
	id := hex.EncodeToString([]byte(email))
	subscription = map[string]any{
		"id": "sub_" + id, "customer": "cus_" + id, "email": email, "status": "active", "price": "price_" + product, "product": product,
	}
	g.control("/_ctl/sub", subscription)
	return g.adds(map[string]any{"email": email, "stripe_customer_id": "cus_" + id}), subscription
}

// stops ends a payer's subscription in Stripe, which tells Ghost.
func (g *realGhost) stops(subscription map[string]any) {
	g.t.Helper()
	subscription["status"] = "canceled"
	g.stripeSays("customer.subscription.deleted", json.RawMessage(g.control("/_ctl/sub", subscription)))
}

// leaves cancels a payer's subscription for the end of its period.
func (g *realGhost) leaves(subscription map[string]any) {
	g.t.Helper()
	subscription["cancel_at_period_end"] = true
	g.stripeSays("customer.subscription.updated", json.RawMessage(g.control("/_ctl/sub", subscription)))
}

// stripeSays sends Ghost a webhook as Stripe does.
func (g *realGhost) stripeSays(event string, object any) {
	g.t.Helper()
	body, err := json.Marshal(map[string]any{
		"id": "evt_" + fmt.Sprint(time.Now().UnixNano()), "object": "event", "type": event, "data": map[string]any{"object": object},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	mac, at := hmac.New(sha256.New, []byte(g.signsStripe)), time.Now().Unix()
	fmt.Fprintf(mac, "%d.%s", at, body)
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.url+"/members/webhooks/stripe/", bytes.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%x", at, mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		g.t.Fatalf("Ghost answered Stripe's webhook %d", resp.StatusCode)
	}
}

// runsNightly makes Ghost run its nightly job.
func (g *realGhost) runsNightly() { g.t.Helper(); g.shell(g.nightly) }

// shell runs a command that does something to the Ghost.
func (g *realGhost) shell(command string) {
	g.t.Helper()
	if command == "" {
		g.t.Fatal("this needs a Ghost that was started by make e2e-ghost")
	}
	if out, err := exec.CommandContext(g.t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
		g.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}
