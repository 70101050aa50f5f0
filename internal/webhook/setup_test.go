package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

const (
	secret = "s3cr3t-webhook-key"
	plain  = `{"event":"member.added","member":{"current":` +
		`{"id":"650000000000000000000001","email":"Reader@Example.com","name":"Reader"},"previous":{}}}`
)

var now = time.UnixMilli(1_790_000_000_123)

// inbox is a webhook.Inbox in memory.
type inbox struct {
	mu         sync.Mutex
	deliveries []store.Delivery
	err        error
	hang       bool          // until the context ends
	entered    chan struct{} // if set: gets a value at the start of Accept
	leave      chan struct{} // if set: Accept waits for it
}

func (b *inbox) Accept(ctx context.Context, d store.Delivery) (store.Receipt, error) {
	if b.entered != nil {
		b.entered <- struct{}{}
		<-b.leave
	}
	if b.hang {
		<-ctx.Done()
	}
	if err := errors.Join(ctx.Err(), b.err); err != nil {
		return store.Receipt{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deliveries = append(b.deliveries, d)
	return store.Receipt{JobID: "job-" + d.EventID}, nil
}

func (b *inbox) all() []store.Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.deliveries
}

// limiter gives every request the same answer.
type limiter struct{ wait time.Duration }

func (l limiter) Take(*http.Request) (time.Duration, bool) { return l.wait, l.wait == 0 }

// buffer is a log that many may write to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// records returns the log as its records.
func (b *buffer) records(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(b.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		all = append(all, record)
	}
	return all
}

// door is a handler behind a real listener.
type door struct {
	url   string
	inbox *inbox
	log   *buffer

	mu       sync.Mutex
	outcomes []webhook.Outcome
}

func (d *door) observed() []webhook.Outcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.outcomes
}

// open starts a door with the sites "blog" and "old"; change adapts its options.
func open(t *testing.T, change func(*webhook.GhostOptions)) *door {
	t.Helper()
	d := &door{inbox: &inbox{}, log: &buffer{}}
	o := webhook.GhostOptions{
		Sites: []webhook.Site{
			{Name: "blog", Secrets: [][]byte{[]byte("the-next-secret"), []byte(secret)}},
			{Name: "old", Secrets: [][]byte{[]byte(secret)}, Legacy: true},
		},
		Inbox:       d.inbox,
		Log:         slog.New(slog.NewJSONHandler(d.log, nil)),
		Now:         func() time.Time { return now },
		BodyTimeout: 2 * time.Second,
		Observe: func(o webhook.Outcome) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.outcomes = append(d.outcomes, o)
		},
	}
	if change != nil {
		change(&o)
	}
	server := httptest.NewServer(webhook.NewGhost(o))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

// attempt is one request to a door. Its zero value is a genuine plain webhook.
type attempt struct {
	method, path string
	body         string
	header       string // of the signature; "" for a fresh good one, "-" for none
	chunked      bool
}

type answer struct {
	status int
	header http.Header
	body   string
}

// code is the "error" of the answer's JSON.
func (a answer) code(t *testing.T) string {
	t.Helper()
	var e struct{ Error, Message string }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Message == "" {
		t.Errorf("answer %q is no error with a message: %v", a.body, err)
	}
	return e.Error
}

func (d *door) knock(t *testing.T, a attempt) answer {
	t.Helper()
	res, err := direct().Do(a.request(t, d.url))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// direct is a client that shows redirects instead of following them.
func direct() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (a attempt) request(t *testing.T, base string) *http.Request {
	t.Helper()
	if a.method == "" {
		a.method = http.MethodPost
	}
	if a.path == "" {
		a.path = "/webhook/ghost/blog?event=member.added"
	}
	if a.body == "" {
		a.body = plain
	}
	if a.header == "" {
		a.header = ghost.Sign([]byte(a.body), []byte(secret), now)
	}
	var body io.Reader = strings.NewReader(a.body)
	if a.chunked {
		body = io.MultiReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), a.method, base+a.path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if a.header != "-" {
		r.Header.Set(ghost.SignatureHeader, a.header)
	}
	return r
}

// capture is a webhook as a real Ghost sent it.
type capture struct{ name, body, query string }

func captures(t testing.TB) []capture {
	t.Helper()
	paths, err := filepath.Glob("../ghost/testdata/webhooks/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no captured webhooks: %v", err)
	}
	var all []capture
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".headers")
		if err != nil {
			t.Fatal(err)
		}
		query := regexp.MustCompile(`\?event=\S+`).FindString(string(head))
		all = append(all, capture{filepath.Base(path), string(body), query})
	}
	return all
}
