package egress_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
)

// open is the policy that lets a test reach its own server on loopback.
func open() egress.Policy { return egress.Policy{AllowPrivate: true, AllowHTTP: true} }

func get(t *testing.T, c *http.Client, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err == nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	t.Cleanup(c.CloseIdleConnections)
	return resp, err
}

// resolver answers every question for an A record with addr, over a pipe in
// memory, as a stranger's name server would.
func resolver(addr string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answer(server, netip.MustParseAddr(addr))
		return client, nil
	}}
}

func answer(c net.Conn, addr netip.Addr) {
	defer func() { _ = c.Close() }()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		msg := reply(q, addr)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)); err != nil {
			return
		}
	}
}

// reply builds a DNS answer (RFC 1035 §4.1) to the one question in q.
func reply(q []byte, addr netip.Addr) []byte {
	end := 12
	for q[end] != 0 {
		end += int(q[end]) + 1
	}
	end += 5
	isA := q[end-3] == 1
	msg := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
	if isA {
		msg[7] = 1
		msg = append(msg, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		msg = append(msg, addr.AsSlice()...)
	}
	return msg
}

func TestANameThatResolvesToAPrivateAddressIsRefusedAtDial(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	url := strings.Replace(srv.URL, "127.0.0.1", "blog.example", 1)

	if err := egress.CheckURL(url, egress.Policy{AllowHTTP: true}); err != nil {
		t.Fatalf("the name itself is harmless, got %v", err)
	}
	strict := egress.Client(egress.Policy{AllowHTTP: true}, egress.Options{Resolver: resolver("127.0.0.1")})
	if _, err := get(t, strict, url); !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("strict: got %v, want ErrForbiddenAddress", err)
	}
	loose := egress.Client(open(), egress.Options{Resolver: resolver("127.0.0.1")})
	if _, err := get(t, loose, url); err != nil {
		t.Errorf("with AllowPrivate: %v", err)
	}
}

func TestANameThatResolvesToAMetadataServiceIsRefusedWhateverIsAllowed(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"169.254.169.254", "168.63.129.16", "100.100.100.200", "0.0.0.0"} {
		c := egress.Client(open(), egress.Options{Resolver: resolver(addr), Timeout: 5 * time.Second})
		if _, err := get(t, c, "http://blog.example/"); !errors.Is(err, egress.ErrForbiddenAddress) {
			t.Errorf("%s: got %v, want ErrForbiddenAddress", addr, err)
		}
	}
}

func TestEveryRedirectIsCheckedAgain(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]error{
		"http://169.254.169.254/latest/meta-data/": egress.ErrForbiddenAddress,
		"http://metadata.google.internal/":         egress.ErrForbiddenAddress,
		"http://2852039166/":                       egress.ErrForbiddenAddress,
		"http://127.1/":                            egress.ErrBadURL,
		"http://user@blog.example/":                egress.ErrBadURL,
	} {
		srv := httptest.NewServer(http.RedirectHandler(target, http.StatusFound))
		t.Cleanup(srv.Close)
		if _, err := get(t, egress.Client(open(), egress.Options{}), srv.URL); !errors.Is(err, want) {
			t.Errorf("redirect to %s: got %v, want %v", target, err, want)
		}
	}
}

func TestARedirectFromHTTPSToHTTPIsRefused(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound))
	t.Cleanup(srv.Close)
	c := egress.Client(egress.Policy{AllowPrivate: true}, egress.Options{TLS: trust(srv)})
	if _, err := get(t, c, srv.URL); !errors.Is(err, egress.ErrBadURL) {
		t.Errorf("got %v, want ErrBadURL", err)
	}
}

func trust(srv *httptest.Server) *tls.Config {
	return srv.Client().Transport.(*http.Transport).TLSClientConfig
}

// Tokens of receivers stand in URLs, and addresses of members in filters.
func TestWhereARequestLedToIsNotToldWhereItCameFrom(t *testing.T) {
	t.Parallel()
	var told string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told = r.Referer() }))
	t.Cleanup(elsewhere.Close)
	srv := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(srv.Close)
	if _, err := get(t, egress.Client(open(), egress.Options{}), srv.URL+"/ping/hunter2-token"); err != nil {
		t.Fatal(err)
	}
	if told != "" {
		t.Errorf("it was told %q", told)
	}
}

func TestARedirectLoopEnds(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.RedirectHandler("/again", http.StatusFound))
	t.Cleanup(srv.Close)
	if _, err := get(t, egress.Client(open(), egress.Options{}), srv.URL); err == nil {
		t.Error("a loop of redirects ended without an error")
	}
}

func TestAPostIsNeverTurnedIntoAGet(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusFound))
	t.Cleanup(srv.Close)
	c := egress.Client(open(), egress.Options{})
	t.Cleanup(c.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusFound {
		t.Errorf("got status %d, want the 302 itself", resp.StatusCode)
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	url := strings.Replace(srv.URL, "127.0.0.1", "blog.example", 1)
	c := egress.Client(open(), egress.Options{Resolver: resolver("127.0.0.1")})
	if _, err := get(t, c, url); err != nil {
		t.Errorf("the request went to the proxy: %v", err)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("a", 128<<10))
	}))
	t.Cleanup(srv.Close)
	if _, err := get(t, egress.Client(open(), egress.Options{}), srv.URL); err == nil {
		t.Error("an answer with 128 KiB of headers was taken")
	}
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	remotes := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { remotes[r.RemoteAddr] = true }))
	t.Cleanup(srv.Close)
	c := egress.Client(open(), egress.Options{})
	for range 5 {
		resp, err := get(t, c, srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if len(remotes) != 1 {
		t.Errorf("5 requests used %d connections, want 1", len(remotes))
	}
}
