package egress_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/egress/egresstest"
)

// Whoever asks reads no more than it wants; what is left for the client to bound is
// what comes before, and beside, the body.
func TestAServerThatMisbehavesIsLeftInTime(t *testing.T) {
	t.Parallel()
	all, _ := egresstest.All(t)
	for _, h := range all {
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			c := egress.Client(open(), egress.Options{Timeout: time.Second})
			defer c.CloseIdleConnections()
			resp, err := get(t, c, h.URL)
			if err == nil {
				_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
				_ = resp.Body.Close()
			}
			if h.Stalls && err == nil && resp.StatusCode == 0 {
				t.Error("an answer out of nothing")
			}
			h.HungUp() // a connection that stays open fails the test by its time
			if sent := h.Sent(); sent > 16<<20 {
				t.Errorf("it could send %d MiB", sent>>20)
			}
		})
	}
}

// changing is a resolver whose answers change from question to question.
func changing(addrs ...string) *net.Resolver {
	var asked atomic.Int64
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		i := min(int(asked.Add(1))-1, len(addrs)-1)
		go answer(server, netip.MustParseAddr(addrs[i]))
		return client, nil
	}}
}

// A name server that says one address when it is looked at, and another when it counts.
func TestANameThatChangesItsAddressIsJudgedByTheOneThatIsDialled(t *testing.T) {
	t.Parallel()
	var came atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	t.Cleanup(srv.Close)
	url := strings.Replace(srv.URL, "127.0.0.1", "blog.example", 1)
	policy := egress.Policy{AllowHTTP: true}
	names := changing("8.8.8.8", "8.8.8.8", "127.0.0.1")
	if err := egress.Resolve(t.Context(), names, url, policy); err != nil {
		t.Fatalf("at the first look: %v", err)
	}
	if _, err := get(t, egress.Client(policy, egress.Options{Resolver: names, Timeout: 30 * time.Second}), url); !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("got %v, want ErrForbiddenAddress", err)
	}
	if came.Load() != 0 {
		t.Error("the private server was asked")
	}
}

// The library takes a key along to every port and every name below the first.
func TestCredentialsStayWithTheOriginTheyAreFor(t *testing.T) {
	t.Parallel()
	var told atomic.Value
	told.Store("nobody came")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told.Store(r.Header.Get("Authorization") + r.Header.Get("Cookie") + r.Header.Get("X-Api-Key"))
	}))
	t.Cleanup(elsewhere.Close)
	srv := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound)) // the same host, another port
	t.Cleanup(srv.Close)
	c := egress.Client(open(), egress.Options{})
	t.Cleanup(c.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Ghost hunter2"}, "Cookie": {"a=hunter2"}, "X-Api-Key": {"hunter2"}}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := told.Load(); got != "" {
		t.Errorf("the other origin was told %q", got)
	}
}
