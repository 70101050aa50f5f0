package campaignmonitor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress/failure"
)

// request is one call. The path has no ".json" and its parts are escaped.
type request struct {
	op      string
	method  string
	path    string
	query   url.Values
	body    any // nil for none
	timeout time.Duration
}

// answer is what came back, whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do makes a call and decodes the answer of a success into out, unless out is
// nil. Every error is an *Error.
func (c *Client) do(ctx context.Context, r request, out any) error {
	_, err := c.call(ctx, r, out)
	return err
}

// call is do for callers that need the answer of a failure too.
func (c *Client) call(ctx context.Context, r request, out any) (answer, error) {
	begin := time.Now()
	a, err := c.exchange(ctx, r)
	var fail *Error
	switch {
	case err != nil:
		fail = &Error{Op: r.op, reason: failure.Reason(err, errTooLarge, errRequest), cause: stripURL(err)}
	default:
		fail = judge(r.op, a, out)
	}
	code := 0
	if fail != nil {
		code = fail.Code
	}
	c.observe(r.op, a.status, code, time.Since(begin))
	if fail != nil {
		return a, fail
	}
	return a, nil
}

// exchange sends the request and reads the whole answer within the time limit,
// which also leaves the connection fit to be used again.
func (c *Client) exchange(ctx context.Context, r request) (answer, error) {
	if r.timeout == 0 {
		r.timeout = requestTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	limit := maxAnswer(r.op)
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1)); err != nil {
		return a, err
	}
	if int64(len(a.body)) > limit {
		return a, errTooLarge
	}
	return a, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errRequest, err)
		}
		body = bytes.NewReader(b)
	}
	// Without ".json" the API speaks XML, whatever Accept says.
	target := c.base + r.path + ".json"
	if len(r.query) > 0 {
		// Encode writes "+" as "%2B"; a bare one would arrive as a space.
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	c.authorize(req)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "ghostcm")
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return req, nil
}
