package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// requestTimeout bounds a question with its answer.
	requestTimeout = 30 * time.Second
	// maxRetryAfter bounds a wait that a provider asks for, so that no broken header
	// can park a job for days.
	maxRetryAfter = time.Hour
	userAgent     = "ghostcm (https://github.com/ghostcm/ghostcm)"
)

// asker makes single requests for one provider.
type asker struct {
	provider string
	http     *http.Client
	observe  Observe
}

// Observe is told of every finished request: whom it asked for what, the HTTP status
// (0 if there was no answer), and how long it took.
type Observe func(provider, op string, status int, took time.Duration)

// newAsker copies the client: its redirect policy and timeout are this package's own.
func newAsker(provider string, c *http.Client, observe Observe) (asker, error) {
	if c == nil {
		return asker{}, errors.New(provider + ": an HTTP client is required")
	}
	own := *c
	own.Timeout = 0
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if observe == nil {
		observe = func(string, string, int, time.Duration) {}
	}
	return asker{provider: provider, http: &own, observe: observe}, nil
}

// question is one request, bounded: its answer may have so many bytes.
type question struct {
	op     string
	method string
	url    string
	header http.Header
	body   []byte
	limit  int64
	// peers, if set, is told of the certificates by which the other side identified
	// itself, its own first.
	peers func([]*x509.Certificate)
}

// ask returns the body of a 200. Every error is an *Error.
func (a asker) ask(ctx context.Context, q question) ([]byte, error) {
	begin := time.Now()
	status, body, fail := a.exchange(ctx, q)
	a.observe(a.provider, q.op, status, time.Since(begin))
	if fail != nil {
		return nil, fail
	}
	return body, nil
}

func (a asker) exchange(ctx context.Context, q question) (status int, body []byte, fail *Error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.method, q.url, strings.NewReader(string(q.body)))
	if err != nil {
		return 0, nil, &Error{Provider: a.provider, Op: q.op, Status: http.StatusBadRequest, Hint: "the request cannot be composed"}
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := a.http.Do(req)
	if err != nil {
		return 0, nil, failed(a.provider, q.op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if q.peers != nil && resp.TLS != nil {
		q.peers(resp.TLS.PeerCertificates)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, q.limit+1))
	switch {
	case resp.StatusCode != http.StatusOK:
		return resp.StatusCode, nil, refused(a.provider, q.op, resp)
	case err != nil:
		return resp.StatusCode, nil, failed(a.provider, q.op, err)
	case int64(len(body)) > q.limit:
		return resp.StatusCode, nil, failed(a.provider, q.op, errTooLarge)
	}
	return resp.StatusCode, body, nil
}

// failed is a question that got no answer, or none that could be read.
func failed(provider, op string, err error) *Error {
	return &Error{Provider: provider, Op: op, cause: withoutURL(err)}
}

// refused is an answer other than 200.
func refused(provider, op string, resp *http.Response) *Error {
	e := &Error{Provider: provider, Op: op, Status: resp.StatusCode}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		e.RetryAfter = retryAfter(resp.Header)
	}
	return e
}

// retryAfter reads Retry-After: seconds, or a date, which is held against the
// answer's own Date, so that no clock is compared with another. 0 is unknown.
func retryAfter(h http.Header) time.Duration {
	wait := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(wait, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	at, errAt := http.ParseTime(wait)
	now, errNow := http.ParseTime(h.Get("Date"))
	if errAt != nil || errNow != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
