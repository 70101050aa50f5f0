package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

func TestEveryCapturedWebhookIsAcceptedWhenFresh(t *testing.T) {
	t.Parallel()
	for _, c := range captures(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(o *webhook.GhostOptions) { o.NewID = func() string { return "e1" } })
			sent := now.Add(-1500 * time.Millisecond)
			got := d.knock(t, attempt{
				path: "/webhook/ghost/blog" + c.query, body: c.body,
				header: ghost.Sign([]byte(c.body), []byte(secret), sent),
			})

			hook, err := ghost.ParseWebhook([]byte(c.body), strings.TrimPrefix(c.query, "?event="))
			if err != nil {
				t.Fatal(err)
			}
			hook.Event.SentAt = sent.UTC()
			want := `{"status":"accepted","site_id":"blog","job_id":"job-e1","event_type":"` + string(hook.Event.Type) + `"}`
			if got.status != 202 || strings.TrimSpace(got.body) != want {
				t.Errorf("answer %d %s, want 202 %s", got.status, got.body, want)
			}
			stored := []store.Delivery{{Site: "blog", EventID: "e1", Event: hook.Event, ReceivedAt: now}}
			if diff := cmp.Diff(stored, d.inbox.all()); diff != "" {
				t.Errorf("in the inbox (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadRequestsGetTheirStatusAndCode(t *testing.T) {
	t.Parallel()
	sign := func(body string) string { return ghost.Sign([]byte(body), []byte(secret), now) }
	at := func(d time.Duration) string { return ghost.Sign([]byte(plain), []byte(secret), now.Add(d)) }
	good := sign(plain)
	sum, _, _ := strings.Cut(good, ",")
	_, stamp, _ := strings.Cut(good, ", ")
	wrong := func(d time.Duration) string { return ghost.Sign([]byte(plain), []byte("wrong"), now.Add(d)) }
	legacy := ghost.SignLegacy([]byte(plain), []byte(secret), now)
	oldLegacy := ghost.SignLegacy([]byte(plain), []byte(secret), now.Add(-time.Hour))
	tooLarge := strings.Repeat("x", 1<<20+1)
	post := func(body string) string {
		return `{"event":"member.added","member":{"current":` + body + `,"previous":{}}}`
	}
	tests := map[string]struct {
		attempt attempt
		status  int
		code    string
	}{
		"GET":                    {attempt{method: "GET", header: good}, 405, "method_not_allowed"},
		"PUT":                    {attempt{method: "PUT"}, 405, "method_not_allowed"},
		"DELETE":                 {attempt{method: "DELETE"}, 405, "method_not_allowed"},
		"OPTIONS":                {attempt{method: "OPTIONS"}, 405, "method_not_allowed"},
		"GET of an unknown site": {attempt{method: "GET", path: "/webhook/ghost/nobody"}, 405, "method_not_allowed"},

		"no site":                 {attempt{path: "/webhook/ghost/"}, 404, "not_found"},
		"a slash at the end":      {attempt{path: "/webhook/ghost/blog/"}, 404, "not_found"},
		"two slashes":             {attempt{path: "/webhook/ghost//blog"}, 404, "not_found"},
		"one segment too many":    {attempt{path: "/webhook/ghost/blog/x"}, 404, "not_found"},
		"a dot":                   {attempt{path: "/webhook/ghost/."}, 404, "not_found"},
		"two dots":                {attempt{path: "/webhook/ghost/.."}, 404, "not_found"},
		"a dot segment":           {attempt{path: "/webhook/ghost/x/../blog"}, 404, "not_found"},
		"another kind":            {attempt{path: "/webhook/other/blog"}, 404, "not_found"},
		"a site id with a space":  {attempt{path: "/webhook/ghost/my%20blog"}, 400, "invalid_site_id"},
		"a site id with a slash":  {attempt{path: "/webhook/ghost/my%2Fblog"}, 400, "invalid_site_id"},
		"a site id with a NUL":    {attempt{path: "/webhook/ghost/blog%00"}, 400, "invalid_site_id"},
		"a site id in escapes":    {attempt{path: "/webhook/ghost/%62log"}, 400, "invalid_site_id"},
		"a site id of 51":         {attempt{path: "/webhook/ghost/" + strings.Repeat("a", 51)}, 400, "invalid_site_id"},
		"a site id of 50 unknown": {attempt{path: "/webhook/ghost/" + strings.Repeat("a", 50)}, 404, "unknown_site"},
		"a site id in upper case": {attempt{path: "/webhook/ghost/BLOG"}, 404, "unknown_site"},
		"an unknown site":         {attempt{path: "/webhook/ghost/nobody"}, 404, "unknown_site"},

		"too large":                   {attempt{body: tooLarge}, 413, "payload_too_large"},
		"too large, chunked":          {attempt{body: tooLarge, chunked: true}, 413, "payload_too_large"},
		"too large without signature": {attempt{body: tooLarge, header: "-"}, 413, "payload_too_large"},

		"no signature":            {attempt{header: "-"}, 401, "signature_missing"},
		"a blank signature":       {attempt{header: " "}, 401, "signature_missing"},
		"a signature of words":    {attempt{header: "let me in"}, 401, "signature_malformed"},
		"no time":                 {attempt{header: sum}, 401, "signature_malformed"},
		"no sum":                  {attempt{header: stamp}, 401, "signature_malformed"},
		"a short sum":             {attempt{header: "sha256=abcd, " + stamp}, 401, "signature_malformed"},
		"a time of words":         {attempt{header: sum + ", t=now"}, 401, "signature_malformed"},
		"two sums":                {attempt{header: good + ", " + sum}, 401, "signature_malformed"},
		"another secret":          {attempt{header: wrong(0)}, 401, "signature_mismatch"},
		"another body":            {attempt{body: plain + " ", header: good}, 401, "signature_mismatch"},
		"another time":            {attempt{header: sum + ", t=1790000000124"}, 401, "signature_mismatch"},
		"legacy without leave":    {attempt{header: legacy}, 401, "signature_mismatch"},
		"old and by a stranger":   {attempt{header: wrong(-time.Hour)}, 401, "signature_mismatch"},
		"too old":                 {attempt{header: at(-5*time.Minute - time.Millisecond)}, 401, "signature_timestamp_expired"},
		"too far ahead":           {attempt{header: at(5*time.Minute + time.Millisecond)}, 401, "signature_timestamp_expired"},
		"legacy and too old":      {attempt{path: "/webhook/ghost/old", header: oldLegacy}, 401, "signature_timestamp_expired"},
		"bad JSON and a stranger": {attempt{body: "{", header: "-"}, 401, "signature_missing"},

		"no JSON":           {attempt{body: "{"}, 400, "invalid_payload"},
		"a list":            {attempt{body: "[]"}, 400, "invalid_payload"},
		"no member":         {attempt{body: `{"event":"member.added"}`}, 400, "invalid_payload"},
		"no id":             {attempt{body: post(`{"email":"a@b.c"}`)}, 400, "invalid_payload"},
		"an id of words":    {attempt{body: post(`{"id":"me","email":"a@b.c"}`)}, 400, "invalid_payload"},
		"no address":        {attempt{body: post(`{"id":"650000000000000000000001"}`)}, 400, "invalid_payload"},
		"an empty shape":    {attempt{body: `{"member":{"current":{},"previous":{}}}`}, 400, "invalid_payload"},
		"an event of posts": {attempt{body: strings.Replace(plain, "member.added", "post.published", 1)}, 400, "unknown_event"},
		"an unknown query": {attempt{path: "/webhook/ghost/blog?event=post.published",
			body: strings.Replace(plain, `"event":"member.added",`, "", 1)}, 400, "unknown_event"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, nil)
			got := d.knock(t, tt.attempt)
			if got.status != tt.status || got.code(t) != tt.code {
				t.Errorf("answer %d %s, want %d %s", got.status, got.body, tt.status, tt.code)
			}
			if allow := got.header.Get("Allow"); (tt.status == 405) != (allow == "POST") {
				t.Errorf("Allow: %q", allow)
			}
			if n := len(d.inbox.all()); n != 0 {
				t.Errorf("%d deliveries reached the inbox", n)
			}
			if o := d.observed(); len(o) != 1 || o[0].Result != tt.code || o[0].Event != "" {
				t.Errorf("counted as %+v, want once as %s, of no event", o, tt.code)
			}
		})
	}
}

func TestSecondSecretAndLegacySignatureAreGenuine(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for name, a := range map[string]attempt{
		"the new secret":       {header: ghost.Sign([]byte(plain), []byte("the-next-secret"), now)},
		"the old secret":       {header: ghost.Sign([]byte(plain), []byte(secret), now)},
		"legacy where allowed": {path: "/webhook/ghost/old", header: ghost.SignLegacy([]byte(plain), []byte(secret), now)},
		"chunked":              {chunked: true},
		"at the edge of time":  {header: ghost.Sign([]byte(plain), []byte(secret), now.Add(-5*time.Minute))},
		"without a query":      {path: "/webhook/ghost/blog"},
	} {
		if got := d.knock(t, a); got.status != 202 {
			t.Errorf("%s: answer %d %s", name, got.status, got.body)
		}
	}
}

// A proxy that folds headers, and one that does not, must give the same answer.
func TestTwoSignatureHeadersAreOneMalformedSignature(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	r := attempt{}.request(t, d.url)
	r.Header.Add(ghost.SignatureHeader, "sha256=00, t=1")
	res, err := direct().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if code := (answer{body: string(body)}).code(t); res.StatusCode != http.StatusUnauthorized || code != "signature_malformed" {
		t.Errorf("answer %d %s", res.StatusCode, code)
	}
}

func TestTheSignedBodyBeatsTheQuery(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	got := d.knock(t, attempt{path: "/webhook/ghost/blog?event=member.deleted"})
	var body map[string]string
	if err := json.Unmarshal([]byte(got.body), &body); err != nil || body["event_type"] != "member.added" {
		t.Errorf("answer %s, want member.added", got.body)
	}
	if record := d.log.records(t)[0]; record["query_contradicts_body"] != true {
		t.Errorf("record %v does not tell of the contradiction", record)
	}
	if o := d.observed(); len(o) != 1 || !o[0].Contradicted {
		t.Errorf("counted as %+v, which does not tell of the contradiction", o)
	}
}

func TestAnEventThatWasNotStoredIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	failing := &inbox{err: errors.New("redis: connection refused")}
	hanging := &inbox{hang: true}
	for name, in := range map[string]*inbox{"failing": failing, "hanging": hanging} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(o *webhook.GhostOptions) { o.Inbox = in; o.AcceptTimeout = 20 * time.Millisecond })
			start := time.Now()
			got := d.knock(t, attempt{})
			if got.status != 503 || got.code(t) != "unavailable" {
				t.Errorf("answer %d %s, want 503 unavailable", got.status, got.body)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("answered after %v", took)
			}
			if record := d.log.records(t)[0]; record["level"] != "ERROR" || record["member_id"] == nil {
				t.Errorf("record %v, want an error that names the member", record)
			}
		})
	}
}

// Ghost hangs up after 2 s and never sends the event again.
func TestAnEventIsStoredThoughGhostHungUp(t *testing.T) {
	t.Parallel()
	in := &inbox{entered: make(chan struct{}), leave: make(chan struct{})}
	ghosts := webhook.NewGhost(webhook.GhostOptions{
		Sites:         []webhook.Site{{Name: "blog", Secrets: [][]byte{[]byte(secret)}}},
		Inbox:         in,
		AcceptTimeout: 10 * time.Second,
		Now:           func() time.Time { return now },
	})
	hungUp := make(chan (<-chan struct{}), 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hungUp <- r.Context().Done()
		ghosts.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-in.entered
		hangUp()
		<-<-hungUp
		close(in.leave)
	}()
	if res, err := direct().Do(attempt{}.request(t, server.URL).WithContext(ctx)); err == nil {
		res.Body.Close()
		t.Fatal("the client did not hang up")
	}
	waitFor(t, func() bool { return len(in.all()) == 1 })
}

func TestEveryDeliveryHasAnEventIDOfItsOwn(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for range 20 {
		d.knock(t, attempt{})
	}
	seen := map[string]bool{}
	for _, delivery := range d.inbox.all() {
		seen[delivery.EventID] = true
		if len(delivery.EventID) != 16 {
			t.Errorf("event id %q, want 16 hex digits", delivery.EventID)
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d ids for 20 deliveries", len(seen))
	}
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the condition did not come true")
		}
	}
}
