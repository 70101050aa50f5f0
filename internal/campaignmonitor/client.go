// Package campaignmonitor speaks Campaign Monitor's API v3.3: the subscribers,
// lists and custom fields that a member sync needs, and nothing else.
//
// It promises that every call is bounded in time and in memory, that each
// failure is one *Error whose Kind says what to do next, and that no error text
// contains an address, a value or the API key. It never retries, never follows
// a redirect and keeps no state: pacing, retries and locks belong to its
// callers, and so does the transport that decides where a request may go.
package campaignmonitor

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultURL is the vendor's address of the API version that this client speaks.
const DefaultURL = "https://api.createsend.com/api/v3.3"

// A request may take this long, reading the answer included. An import returns
// only when every subscriber is written, which takes more than 10 s for 1,000.
const (
	requestTimeout = 30 * time.Second
	importTimeout  = 120 * time.Second
)

// Options configures a Client.
type Options struct {
	BaseURL string // with the version, without a slash at the end; "" is DefaultURL
	APIKey  string // an account's or a client's key; required
	// HTTP gives the transport; required. It is copied: its redirect policy and
	// its timeout are replaced by this package's own.
	HTTP *http.Client
	// Observe, if set, is told of every finished request: its operation (one of
	// the Op constants), the HTTP status (0 if there was no answer), the API's code (0 if the
	// answer had none) and how long it took.
	Observe func(op string, status, code int, d time.Duration)
}

// Client calls the API with one key. It is safe for concurrent use.
type Client struct {
	base      string
	http      *http.Client
	authorize func(*http.Request) // a closure, so that printing a Client shows no key
	observe   func(op string, status, code int, d time.Duration)
}

// New checks the options and returns a Client; it makes no request.
func New(o Options) (*Client, error) {
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	// Basic authentication ends the user name, which is the key, at a colon.
	if o.APIKey == "" || strings.ContainsFunc(o.APIKey, func(r rune) bool { return r <= ' ' || r == ':' || r >= 0x7f }) {
		return nil, errors.New("campaignmonitor: the API key is empty or has characters that no key has")
	}
	if o.HTTP == nil {
		return nil, errors.New("campaignmonitor: an HTTP client is required")
	}
	h := *o.HTTP
	h.Timeout = 0
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{base: base, http: &h, observe: o.Observe}
	key := o.APIKey
	c.authorize = func(r *http.Request) { r.SetBasicAuth(key, "x") }
	if c.observe == nil {
		c.observe = func(string, int, int, time.Duration) {}
	}
	return c, nil
}

// baseURL returns the address that paths are appended to. Its errors do not
// repeat the address: someone may have put a password into it.
func baseURL(s string) (string, error) {
	if s == "" {
		return DefaultURL, nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return "", errors.New("campaignmonitor: the base URL must look like " + DefaultURL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("campaignmonitor: the base URL must have no user, query or fragment")
	}
	return strings.TrimRight(s, "/"), nil
}
