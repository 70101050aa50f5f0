package ghosttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// contract is what ghostcm relies on in a Ghost, asked of one: of the simulator in
// every run, and of a real Ghost with the tag e2e. Where the two differed, the
// simulator was mended and the question stayed.
type contract struct {
	*testing.T
	url, key string
	mariadb  bool
	stripe   bool
	// nextSecond returns once Ghost's clock shows another second, which is all that
	// its database keeps of a time.
	nextSecond func()
	// pays makes a member pay for a tier by Stripe, and returns what ends that; nil
	// where there is none.
	pays func(c *contract, email, tier string) (member map[string]any, ends func())
	// nightly runs the job that ends access at night; nil where nobody can.
	nightly func(c *contract)
	run     string // in the addresses of one question
}

// questions are all that this Ghost is asked, each about members of its own.
func (c *contract) questions() map[string]func(*contract) {
	all := map[string]func(*contract){}
	for _, some := range []map[string]func(*contract){
		accessQuestions(), readQuestions(), filterQuestions(), writeQuestions(), tierQuestions(), hookQuestions(), webhookQuestions(), bulkQuestions(),
	} {
		maps.Copy(all, some)
	}
	if c.pays != nil {
		maps.Copy(all, payerQuestions())
	}
	if c.nightly != nil {
		maps.Copy(all, nightlyQuestions())
	}
	return all
}

// asked runs every question against one Ghost, one after another: a real one is
// asked for what a webhook did not tell, too.
func (c contract) asked(t *testing.T) {
	t.Helper()
	all := c.questions()
	for i, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			c.T, c.run = t, fmt.Sprintf("q%dx%d", time.Now().UnixNano(), i)
			t.Cleanup(c.forget)
			all[name](&c)
		})
	}
}

func TestContractOfTheSimulator(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]ghosttest.Options{
		"SQLite": {Sync: true}, "MariaDB": {Sync: true, MariaDB: true}, "MariaDB with Stripe": {Sync: true, MariaDB: true, Stripe: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began, passed := time.Now(), atomic.Int64{}
			o.Now = func() time.Time { return began.Add(time.Duration(passed.Load())) }
			s := ghosttest.Run(t, o)
			s.AddTier("Contract Gold", "contract-gold")
			c := contract{
				url: s.URL(), key: s.AdminKey(), mariadb: o.MariaDB, stripe: o.Stripe,
				nextSecond: func() { passed.Add(int64(time.Second)) }, nightly: func(*contract) { s.NightlyJob() },
			}
			if o.Stripe {
				c.pays = simulatedPayer(s)
			}
			c.asked(t)
		})
	}
}

// simulatedPayer makes a member of a simulator pay, a new one or an old one.
func simulatedPayer(s *ghosttest.Server) func(c *contract, email, tier string) (map[string]any, func()) {
	return func(c *contract, email, tier string) (member map[string]any, ends func()) {
		c.Helper()
		member = map[string]any{"email": email}
		if found := c.browse("email:'"+email+"'", "").members(c.T); len(found) == 1 {
			member = found[0]
		} else {
			member = c.add(member)
		}
		id := member["id"].(string)
		if err := s.Subscribe(id, tier); err != nil {
			c.Fatal(err)
		}
		t := c.T
		return c.read(member), func() {
			if err := s.CancelSubscription(id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// call is one request as it is sent; the zero value of each field is what a good
// client sends.
type call struct {
	method, path string // below /ghost/api/admin/
	auth         string // "none" sends no header
	body         any    // as JSON, or a *form
	version      string // Accept-Version
}

// form is a body that is no JSON.
type form struct {
	contentType string
	content     []byte
}

func (c *contract) ask(r call) answer {
	c.Helper()
	body, contentType := encoded(c.T, r.body)
	req, err := http.NewRequestWithContext(context.WithoutCancel(c.Context()), r.method, c.url+"/ghost/api/admin/"+r.path, bytes.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if r.version != "" {
		req.Header.Set("Accept-Version", r.version)
	}
	switch r.auth {
	case "":
		req.Header.Set("Authorization", "Ghost "+c.token(jwt.SigningMethodHS256, nil, nil))
	case "none":
	default:
		req.Header.Set("Authorization", r.auth)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // shared with no question that runs beside it
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && len(raw) > 0 {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			c.Fatalf("%s %s: %v in %q", r.method, r.path, err, raw)
		}
		return a
	}
	a.body = map[string]any{"text": string(raw)}
	return a
}

func encoded(t *testing.T, body any) (content []byte, contentType string) {
	t.Helper()
	if f, ok := body.(*form); ok {
		return f.content, f.contentType
	}
	if body == nil {
		return nil, "application/json"
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw, "application/json"
}

// token signs claims that a good client makes, as changed by the maps: nil takes
// a claim away.
func (c *contract) token(method jwt.SigningMethod, header, claims map[string]any) string {
	c.Helper()
	id, secret, _ := strings.Cut(c.key, ":")
	now := time.Now()
	tok := jwt.NewWithClaims(method, merged(jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(4 * time.Minute).Unix(), "aud": "/admin/"}, claims))
	tok.Header = merged(map[string]any{"alg": method.Alg(), "typ": "JWT", "kid": id}, header)
	signed, err := tok.SignedString(unhex(c.T, secret))
	if err != nil {
		c.Fatal(err)
	}
	return signed
}

func merged[M ~map[string]any](base M, changes map[string]any) M {
	for k, v := range changes {
		if v == nil {
			delete(base, k)
			continue
		}
		base[k] = v
	}
	return base
}

// fields are those of a member in a request.
type fields map[string]any

func one(m fields) map[string]any { return map[string]any{"members": []any{m}} }

func (c *contract) email(name string) string { return name + "." + c.run + "@example.com" }

// add makes a member, with an address of the question's own unless one is given.
func (c *contract) add(m fields) map[string]any {
	c.Helper()
	if m["email"] == nil {
		m["email"] = c.email(fmt.Sprintf("m%d", time.Now().UnixNano()))
	}
	a := c.ask(call{method: http.MethodPost, path: "members/", body: one(m)})
	if a.status != http.StatusCreated {
		c.Fatalf("a member was answered %d %v", a.status, a.body)
	}
	return a.members(c.T)[0]
}

func path(m map[string]any) string { return "members/" + m["id"].(string) + "/" }

// edit changes a member, who is returned as the answer shows them.
func (c *contract) edit(m map[string]any, changes fields) map[string]any {
	c.Helper()
	a := c.ask(call{method: http.MethodPut, path: path(m), body: one(changes)})
	if a.status != http.StatusOK {
		c.Fatalf("an edit was answered %d %v", a.status, a.body)
	}
	return a.members(c.T)[0]
}

func (c *contract) read(m map[string]any) map[string]any {
	c.Helper()
	return c.ask(call{method: http.MethodGet, path: path(m)}).members(c.T)[0]
}

// browse asks for members with a filter, and other parameters of the query.
func (c *contract) browse(filter, query string) answer {
	c.Helper()
	return c.ask(call{method: http.MethodGet, path: "members/?" + query + "&filter=" + url.QueryEscape(filter)})
}

// mine is a filter that selects the members of the question.
func (c *contract) mine() string { return "email:~'" + c.run + "'" }

func (c *contract) forget() {
	c.ask(call{method: http.MethodDelete, path: "members/?filter=" + url.QueryEscape(c.mine())})
}

// paidTier is a tier that can be given.
func (c *contract) paidTier() map[string]any {
	c.Helper()
	return c.tier(func(t map[string]any) bool { return t["type"] == "paid" })
}

func (c *contract) tier(match func(map[string]any) bool) map[string]any {
	c.Helper()
	rows, _ := c.ask(call{method: http.MethodGet, path: "tiers/?limit=100"}).body["tiers"].([]any)
	for _, row := range rows {
		if t, ok := row.(map[string]any); ok && match(t) {
			return t
		}
	}
	c.Fatal("there is no such tier")
	return nil
}

// texts are the values of a key in a list of objects.
func texts(list any, key string) []string {
	rows, _ := list.([]any)
	out := make([]string, 0, len(rows))
	for _, row := range rows {
		if o, ok := row.(map[string]any); ok {
			out = append(out, fmt.Sprint(o[key]))
		}
	}
	return out
}
