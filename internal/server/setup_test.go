package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/server"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

const (
	secret = "s3cr3t-webhook-key"
	plain  = `{"event":"member.added","member":{"current":` +
		`{"id":"650000000000000000000001","email":"reader@example.com"},"previous":{}}}`
)

// inbox counts what it accepts.
type inbox struct {
	mu sync.Mutex
	n  int
}

func (b *inbox) Accept(context.Context, store.Delivery) (store.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	return store.Receipt{JobID: "j1"}, nil
}

// vitals is a source that tells what it was told, or waits.
type vitals struct {
	mu    sync.Mutex
	v     server.Vitals
	err   error
	hang  chan struct{} // if set: closed to let the source answer
	asked int
}

func (s *vitals) Vitals(context.Context) (server.Vitals, error) {
	s.mu.Lock()
	s.asked++
	v, err, hang := s.v, s.err, s.hang
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return v, err
}

// times returns how often the source was asked.
func (s *vitals) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

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

// running is a server on a port of its own.
type running struct {
	url, addr string
	log       *buffer
	stop      context.CancelFunc
	done      chan error // gets what Serve returned
}

func start(t *testing.T, o server.Options) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, ln, o)
}

func startOn(t *testing.T, ln net.Listener, o server.Options) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{addr: ln.Addr().String(), log: &buffer{}, stop: stop, done: make(chan error, 1)}
	r.url = "http://" + r.addr
	o.Log = slog.New(slog.NewJSONHandler(r.log, nil))
	s := server.New(o)
	ended := make(chan struct{})
	go func() { defer close(ended); r.done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() { stop(); <-ended })
	return r
}

// ghosts is the handler of a site "blog", with a limit of perMinute.
func ghosts(in webhook.Inbox, perMinute int) map[string]http.Handler {
	return map[string]http.Handler{"ghost": webhook.NewGhost(webhook.GhostOptions{
		Sites:   []webhook.Site{{Name: "blog", Secrets: [][]byte{[]byte(secret)}}},
		Inbox:   in,
		Limiter: server.NewLimiter(perMinute, nil, time.Now),
	})}
}

func genuine(t *testing.T, url string) *http.Request {
	t.Helper()
	url += "/webhook/ghost/blog?event=member.added"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(ghost.SignatureHeader, ghost.Sign([]byte(plain), []byte(secret), time.Now()))
	return r
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("answer %q is no JSON: %v", a.body, err)
	}
	return v
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	client := &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(r)
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

func request(t *testing.T, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t *testing.T, url string) answer { t.Helper(); return do(t, request(t, http.MethodGet, url)) }
