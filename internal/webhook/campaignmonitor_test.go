package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/webhook"
)

const (
	token    = "an-unguessable-token-1"
	listPath = "/webhook/campaignmonitor/blog/" + token
	left     = `{"Events":[{"Type":"Deactivate","Date":"2026-11-22 05:00:00","EmailAddress":"Jo@Example.org","Name":"Jo",` +
		`"State":"Unsubscribed","CustomFields":[{"Key":"ghost_status","Value":"free"}]}],"ListID":"96c0bbdaa54760c8d9e62a2b7ffa2e13"}`
)

// asked is a webhook.OptOuts in memory.
type asked struct {
	mu    sync.Mutex
	hints map[string][]string // by site
	err   error
}

func (a *asked) Hint(ctx context.Context, site string, emails []string) (int, error) {
	if err := errors.Join(ctx.Err(), a.err); err != nil {
		return 0, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hints == nil {
		a.hints = map[string][]string{}
	}
	a.hints[site] = append(a.hints[site], emails...)
	return len(emails), nil
}

func (a *asked) all() map[string][]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hints
}

// listDoor is a CampaignMonitor behind a real listener.
type listDoor struct {
	url   string
	asked *asked
	log   *buffer

	mu       sync.Mutex
	outcomes []webhook.ListOutcome
}

func openList(t *testing.T, change func(*webhook.CampaignMonitorOptions)) *listDoor {
	t.Helper()
	d := &listDoor{asked: &asked{}, log: &buffer{}}
	o := webhook.CampaignMonitorOptions{
		Sites:   []webhook.ListSite{{Name: "blog", Token: token}, {Name: "shop", Token: "the-token-of-the-shop"}},
		OptOuts: d.asked,
		Log:     slog.New(slog.NewJSONHandler(d.log, nil)),
		Observe: func(o webhook.ListOutcome) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.outcomes = append(d.outcomes, o)
		},
	}
	if change != nil {
		change(&o)
	}
	server := httptest.NewServer(webhook.NewCampaignMonitor(o))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

func (d *listDoor) observed() []webhook.ListOutcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.outcomes
}

func (d *listDoor) post(t *testing.T, method, path, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := direct().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

func TestAnUnsubscribeIsAHint(t *testing.T) {
	t.Parallel()
	d := openList(t, nil)
	if got := d.post(t, "POST", listPath, left); got.status != 200 || got.body != "" {
		t.Errorf("answer %d %q, want 200 without a body", got.status, got.body)
	}
	if diff := cmp.Diff(map[string][]string{"blog": {"Jo@Example.org"}}, d.asked.all()); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]webhook.ListOutcome{{Site: "blog", Result: "accepted"}}, d.observed()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// Whatever a genuine request holds, it gets a 200: Campaign Monitor switches off
// a webhook that fails.
func TestAGenuineRequestIsNeverRefusedForWhatItHolds(t *testing.T) {
	t.Parallel()
	event := func(kind, email, state string) string {
		return fmt.Sprintf(`{"Type":%q,"EmailAddress":%q,"State":%q}`, kind, email, state)
	}
	gone := event("Deactivate", "a@x.org", "Unsubscribed")
	list := func(events ...string) string { return `{"ListID":"1","Events":[` + strings.Join(events, ",") + `]}` }
	var many []string
	for i := range 1500 {
		many = append(many, event("Deactivate", fmt.Sprintf("m%d@x.org", i), "Unsubscribed"))
	}
	tests := map[string]struct {
		body string
		want int // hints
	}{
		"one":                           {list(gone), 1},
		"twice the same person":         {list(gone, event("Deactivate", "A@X.org", "Unsubscribed")), 1},
		"without a state":               {list(`{"Type":"Deactivate","EmailAddress":"a@x.org"}`), 1},
		"a bounce":                      {list(event("Deactivate", "a@x.org", "Bounced")), 0},
		"a deletion":                    {list(event("Deactivate", "a@x.org", "Deleted")), 0},
		"an update":                     {list(event("Update", "a@x.org", "Unsubscribed")), 0},
		"a type of tomorrow":            {list(event("Paused", "a@x.org", "Unsubscribed"), gone), 1},
		"an event that is a number":     {list("7", gone), 1},
		"an event that is null":         {list("null", gone), 1},
		"an address that is a list":     {list(`{"Type":"Deactivate","EmailAddress":["a@x.org"]}`, gone), 1},
		"no address":                    {list(event("Deactivate", "", "Unsubscribed"), event("Deactivate", "nobody", "Unsubscribed")), 0},
		"an address that moves cursors": {list(event("Deactivate", "a\x1b[2J@x.org", "Unsubscribed")), 0},
		"no events":                     {`{"ListID":"1"}`, 0},
		"events that are none":          {`{"Events":"none","ListID":"1"}`, 0},
		"nothing":                       {"", 0},
		"a list":                        {"[]", 0},
		"words":                         {"hello", 0},
		"cut in the middle":             {list(gone, gone)[:len(list(gone))+10], 1},
		"more than one request has":     {list(many...), 1000},
		"a body beyond all bounds":      {list(gone, `{"Type":"`+strings.Repeat("x", 9<<20)+`"}`), 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := openList(t, nil)
			if got := d.post(t, "POST", listPath, tt.body); got.status != 200 {
				t.Errorf("answer %d %s, want 200", got.status, got.body)
			}
			if n := len(d.asked.all()["blog"]); n != tt.want {
				t.Errorf("%d hints, want %d", n, tt.want)
			}
		})
	}
}

// One answer for all of them, so that nobody learns which sites there are.
func TestAStrangerLearnsNothingOfSitesAndTokens(t *testing.T) {
	t.Parallel()
	d := openList(t, nil)
	var first answer
	for i, path := range []string{
		"/webhook/campaignmonitor/blog/another-token-than-ours",
		"/webhook/campaignmonitor/nobody/" + token,
		"/webhook/campaignmonitor/shop/" + token,
		"/webhook/campaignmonitor/BLOG/" + token,
		"/webhook/campaignmonitor/blog/" + token[:len(token)-1],
		"/webhook/campaignmonitor/blog/" + token + "x",
		"/webhook/campaignmonitor/blog/" + strings.ToUpper(token),
		"/webhook/campaignmonitor/bl%6Fg/" + token,
		"/webhook/campaignmonitor/%00/x",
	} {
		got := d.post(t, "POST", path, left)
		if got.status != 404 || got.code(t) != "unknown_site" {
			t.Errorf("%s: answer %d %s, want 404 unknown_site", path, got.status, got.body)
		}
		if i == 0 {
			first = got
		}
		if got.body != first.body {
			t.Errorf("%s: the answer %s differs from %s", path, got.body, first.body)
		}
	}
	for path, status := range map[string]int{
		"/webhook/campaignmonitor/":                        404,
		"/webhook/campaignmonitor/blog":                    404,
		"/webhook/campaignmonitor/blog/":                   404,
		listPath + "/":                                     404,
		"/webhook/campaignmonitor//" + token:               404,
		"/webhook/campaignmonitor/x/../blog/" + token:      404,
		"/webhook/campaignmonitor/blog/" + token + "/more": 404,
	} {
		if got := d.post(t, "POST", path, left); got.status != status || got.code(t) != "not_found" {
			t.Errorf("%s: answer %d %s, want %d not_found", path, got.status, got.body, status)
		}
	}
	if got := d.post(t, "GET", listPath, ""); got.status != 405 || got.header.Get("Allow") != "POST" {
		t.Errorf("GET: answer %d %s", got.status, got.body)
	}
	if hints := d.asked.all(); len(hints) != 0 {
		t.Errorf("hints of strangers: %v", hints)
	}
	for _, o := range d.observed() {
		if o.Site != "" || o.Result == "accepted" {
			t.Errorf("counted as %+v", o)
		}
	}
}

// An empty token in the configuration must not open a door.
func TestASiteWithoutATokenTakesNothing(t *testing.T) {
	t.Parallel()
	d := openList(t, func(o *webhook.CampaignMonitorOptions) { o.Sites = []webhook.ListSite{{Name: "blog"}} })
	for _, path := range []string{listPath, "/webhook/campaignmonitor/blog/%00", "/webhook/campaignmonitor/blog/-"} {
		if got := d.post(t, "POST", path, left); got.status != 404 {
			t.Errorf("%s: answer %d %s", path, got.status, got.body)
		}
	}
}

func TestOverTheLimitOnlyWhoHasTheTokenIsTaken(t *testing.T) {
	t.Parallel()
	d := openList(t, func(o *webhook.CampaignMonitorOptions) { o.Limiter = limiter{wait: 1200 * time.Millisecond} })
	got := d.post(t, "POST", "/webhook/campaignmonitor/blog/guess", left)
	if got.status != 429 || got.code(t) != "rate_limited" || got.header.Get("Retry-After") != "2" {
		t.Errorf("a guess: answer %d %s, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
	if got := d.post(t, "POST", listPath, left); got.status != 200 {
		t.Errorf("a genuine request: answer %d %s", got.status, got.body)
	}
}

func TestA200IsOnlyForWhatIsDurable(t *testing.T) {
	t.Parallel()
	d := openList(t, nil)
	d.asked.err = errors.New("redis: connection refused")
	got := d.post(t, "POST", listPath, left)
	if got.status != 503 || got.code(t) != "unavailable" {
		t.Errorf("answer %d %s, want 503 unavailable", got.status, got.body)
	}
	if record := d.log.records(t)[0]; record["msg"] != "list_webhook.refused" || record["error"] != "redis: connection refused" {
		t.Errorf("record %v", record)
	}
}

func TestASlowBodyIsCutAndNothingOfItTaken(t *testing.T) {
	t.Parallel()
	d := openList(t, func(o *webhook.CampaignMonitorOptions) { o.BodyTimeout = 50 * time.Millisecond })
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n%s", listPath, left[:len(left)-20])
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout || len(d.asked.all()) != 0 {
		t.Errorf("answer %d, hints %v; want 408, none", res.StatusCode, d.asked.all())
	}
}

func TestNeitherTokenNorAddressIsLogged(t *testing.T) {
	t.Parallel()
	d := openList(t, nil)
	d.post(t, "POST", listPath, left)
	d.post(t, "POST", "/webhook/campaignmonitor/blog/guessed-token", left)
	d.post(t, "POST", listPath, left[:len(left)-3])
	log := strings.ToLower(d.log.String())
	if len(d.log.records(t)) != 3 {
		t.Errorf("%d records", len(d.log.records(t)))
	}
	for _, secret := range []string{token, "guessed-token", "jo@example.org", "example.org"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q: %s", secret, log)
		}
	}
}

func TestStrangersDoNotFillTheLogOfListWebhooks(t *testing.T) {
	t.Parallel()
	d := openList(t, func(o *webhook.CampaignMonitorOptions) { o.Now = func() time.Time { return now } })
	for range 100 {
		d.post(t, "POST", "/webhook/campaignmonitor/blog/guess", left)
	}
	if n := len(d.log.records(t)); n != 20 {
		t.Errorf("%d records of 100 refusals, want 20", n)
	}
	if n := len(d.observed()); n != 100 {
		t.Errorf("%d requests counted, want 100", n)
	}
}

// Whatever comes by the right path is answered 200, and hints are addresses, each
// once, at most 1,000.
func FuzzListWebhooks(f *testing.F) {
	f.Add([]byte(left))
	f.Add([]byte(`{"Events":[{"Type":"Deactivate","EmailAddress":7}],"ListID":null}`))
	f.Add([]byte(`{"Events":[[[[]]],{}],"Events":[{"Type":"Deactivate","EmailAddress":"@"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in := &asked{}
		h := webhook.NewCampaignMonitor(webhook.CampaignMonitorOptions{
			Sites: []webhook.ListSite{{Name: "blog", Token: token}}, OptOuts: in,
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, listPath, bytes.NewReader(body)))
		emails, seen := in.all()["blog"], map[string]bool{}
		if w.Code != http.StatusOK || len(emails) > 1000 {
			t.Fatalf("answer %d, %d hints", w.Code, len(emails))
		}
		for _, email := range emails {
			if key := strings.ToLower(email); seen[key] || !strings.Contains(email, "@") {
				t.Fatalf("hint %q", email)
			} else {
				seen[key] = true
			}
		}
	})
}
