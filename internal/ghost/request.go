package ghost

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Bounds of one call. Those of answers are bytes after decompression.
const (
	callTimeout   = 20 * time.Second
	censusTimeout = 10 * time.Minute // Ghost takes a second for 20,000 members
	maxSingle     = 2 << 20          // of one member, or the site
	maxSettings   = 1 << 20          // usually 6 KiB; two fields of code have 64 KiB each
	maxPage       = 32 << 20         // of a page of members, usually 0.1 MiB
	maxCensus     = 4 << 30          // of all members, usually 110 bytes each
	maxDrain      = 256 << 10        // more than this is cheaper to reconnect than to read
	maxWait       = time.Hour        // that an answer may ask for
)

// call is one request to the Admin API. No call is repeated here: whether a
// write that got no answer may be sent again, its caller knows.
type call struct {
	op     string
	method string // "" is GET
	path   string // below /ghost/api/admin/, with the slash at its end
	query  url.Values
	send   any           // the body, written as JSON; nil is none
	want   int           // status of a success; 0 is 200
	bytes  int64         // that the answer may have
	within time.Duration // the answer read; 0 is callTimeout
}

func (c call) success() int { return cmp.Or(c.want, http.StatusOK) }

// unreadable is the error of an answer that came, but is not what it should be.
func (c call) unreadable(cause error) error {
	return &Error{Op: c.op, Status: c.success(), cause: cause}
}

// decoder reads an answer. It works within the time of the call, and gives up
// when that is over.
type decoder func(ctx context.Context, body *bounded) error

// answer is what is known of an answer beside its body.
type answer struct {
	status int           // 0 if there was none
	skew   time.Duration // how far Ghost's clock is ahead of ours, by its Date
}

// do makes the call and gives its answer to decode, unless decode is nil.
func (c *Client) do(ctx context.Context, call call, decode decoder) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(call.within, callTimeout))
	defer cancel()
	req, err := c.request(ctx, call)
	if err != nil {
		return answer{}, &Error{Op: call.op, cause: err}
	}
	start := c.now()
	a, err := c.roundTrip(req, call, decode)
	if c.observe != nil {
		c.observe(call.op, a.status, c.now().Sub(start))
	}
	return a, err
}

func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	target := c.base.JoinPath(call.path)
	target.RawQuery = call.query.Encode()
	body, err := jsonBody(call.send)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(call.method, http.MethodGet), target.String(), body)
	if err != nil {
		return nil, errUnreadable
	}
	token, err := c.tokens.token()
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Ghost "+token)
	req.Header.Set("Accept-Version", "v6.0")
	req.Header.Set("User-Agent", "ghostcm (https://github.com/ghostcm/ghostcm)")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// jsonBody is nil for a call without a body: net/http asks for the interface.
func jsonBody(send any) (io.Reader, error) {
	if send == nil {
		return nil, nil //nolint:nilnil // no body is no error
	}
	b, err := json.Marshal(send)
	if err != nil {
		return nil, errUnreadable
	}
	return bytes.NewReader(b), nil
}

func (c *Client) roundTrip(req *http.Request, call call, decode decoder) (answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, &Error{Op: call.op, cause: withoutURL(err)}
	}
	defer func() {
		drain(resp.Body)
		_ = resp.Body.Close()
	}()
	a := answer{status: resp.StatusCode, skew: c.skew(resp.Header.Get("Date"))}
	if a.status != call.success() {
		return a, c.refusal(call.op, resp)
	}
	if decode == nil {
		return a, nil
	}
	body := limit(resp.Body, call.bytes)
	body.endless = endless(resp)
	if err := decode(req.Context(), body); err != nil {
		// What could not be read whole says nothing of what it is.
		return a, &Error{Op: call.op, Status: a.status, cause: cmp.Or(body.err, err)}
	}
	return a, nil
}

// withoutURL takes the URL off an error of net/http: a filter in it may hold an
// address.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// drain reads the rest of a body, so that its connection can be used again. An
// endless body is not read to its end.
func drain(body io.Reader) { _, _ = io.Copy(io.Discard, io.LimitReader(body, maxDrain)) }
