package cmtest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

// bench is a simulator with the real client, and a list with fields.
type bench struct {
	*cmtest.Server
	client *cm.Client
	list   string
}

func setup(t *testing.T, o cmtest.Options) bench {
	t.Helper()
	s := cmtest.Run(t, o)
	key := o.Key
	if key == "" {
		key = cmtest.DefaultKey
	}
	b := bench{Server: s, client: clientOf(t, s, key)}
	b.list = s.CreateList(cmtest.ListOptions{Title: "News"})
	s.AddField(b.list, "ghost_status", "Text")
	s.AddField(b.list, "signup date", "Date")
	s.AddField(b.list, "age", "Number")
	s.AddField(b.list, "interests", "MultiSelectMany", "magic", "walks", "tea")
	s.AddField(b.list, "size", "MultiSelectOne", "S", "M")
	return b
}

func clientOf(t *testing.T, s *cmtest.Server, key string) *cm.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := cm.New(cm.Options{BaseURL: s.URL(), APIKey: key, HTTP: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// importOne imports one subscriber and returns the code it was refused with.
func (b bench) importOne(t *testing.T, w cm.Write, o cm.Import) int {
	t.Helper()
	o.Subscribers = []cm.Write{w}
	r, err := b.client.Import(t.Context(), b.list, o)
	if err != nil {
		return codeOf(t, err)
	}
	if len(r.Failures) == 1 {
		return r.Failures[0].Code
	}
	return 0
}

func (b bench) get(t *testing.T, email string) cmtest.Subscriber {
	t.Helper()
	sub, found := b.Subscriber(b.list, email)
	if !found {
		t.Fatalf("%s is not on the list", email)
	}
	return sub
}

func (b bench) kinds() []string {
	var kinds []string
	for _, v := range b.Violations() {
		kinds = append(kinds, v.Kind)
	}
	return kinds
}

func codeOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var e *cm.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no error of the client", err)
	}
	return e.Code
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// raw is a request as it stands on the wire, sent without the client.
type raw struct {
	method, path string // path begins after the host
	header       http.Header
	user, pass   string
	body         string
}

func (r raw) send(t *testing.T, s *cmtest.Server) (status int, body string) {
	t.Helper()
	host := strings.TrimSuffix(s.URL(), "/api/v3.3")
	req, err := http.NewRequestWithContext(t.Context(), r.method, host+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.header != nil {
		req.Header = r.header.Clone()
	}
	if r.user != "" {
		req.SetBasicAuth(r.user, r.pass)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// eventually waits until a condition holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatal("the condition never held")
		}
		time.Sleep(time.Millisecond)
	}
}
