package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Options tune a client; the zero value is right for Ghost and Campaign Monitor.
type Options struct {
	// Timeout bounds a whole request with its body; zero is 30 seconds.
	Timeout time.Duration
	// Connections is how many connections per host are kept open; zero is 32.
	Connections int
	// TLS replaces the TLS settings, for private certificate authorities.
	TLS *tls.Config
	// Resolver replaces the system's resolver.
	Resolver *net.Resolver
}

// maxRedirects is small: an API that moves more often than that is a loop.
const maxRedirects = 5

// Client returns an HTTP client that keeps the policy: it checks the URL of
// every request and redirect and the concrete address of every dial. It
// follows redirects of GET and HEAD only; of other methods it returns the 3xx
// answer, since a followed redirect would turn a POST into a GET. Where a redirect
// leads is not told which URL it came from, and another origin is told no header of
// the request's own. The refusal of an address is
// ErrForbiddenAddress inside the *url.Error of net/http.
func Client(p Policy, o Options) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Connections == 0 {
		o.Connections = 32
	}
	return &http.Client{
		Transport:     &guard{policy: p, next: transport(p, o)},
		Timeout:       o.Timeout,
		CheckRedirect: checkRedirect,
	}
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	r.Header.Del("Referer") // it is the URL before, which may hold a token or an address
	if m := via[0].Method; m != http.MethodGet && m != http.MethodHead {
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if first := via[0].URL; r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
		// net/http takes keys along to other ports and to names below the first.
		clear(r.Header)
	}
	return nil
}

func transport(p Policy, o Options) *http.Transport {
	dialer := &net.Dialer{
		Timeout:        10 * time.Second,
		KeepAlive:      30 * time.Second,
		Resolver:       o.Resolver,
		ControlContext: p.control,
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		tlsConfig = o.TLS.Clone()
	}
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        tlsConfig,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           4 * o.Connections,
		MaxIdleConnsPerHost:    o.Connections,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  o.Timeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// control runs for each concrete address, after the name was resolved and
// before the connection is made.
func (p Policy) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return &ForbiddenError{Host: "the target", Why: "no network address"}
	}
	return CheckAddr(target.Addr(), p)
}

// guard checks each request that is sent, and so each redirect that is followed.
type guard struct {
	policy Policy
	next   *http.Transport
}

// RoundTrip sends the request if the policy allows its URL.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkParsed(r.URL, g.policy); err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	return g.next.RoundTrip(r)
}

// CloseIdleConnections makes http.Client.CloseIdleConnections work.
func (g *guard) CloseIdleConnections() { g.next.CloseIdleConnections() }
