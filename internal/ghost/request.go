package ghost

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of one call. Those of answers are bytes after decompression.
const (
	callTimeout  = 20 * time.Second
	maxSingle    = 2 << 20  // of one member, or the site
	maxPage      = 32 << 20 // of a page of members, usually 0.1 MiB
	maxErrorBody = 64 << 10
	maxDrain     = 256 << 10 // more than this is cheaper to reconnect than to read
	maxWait      = time.Hour // that an answer may ask for
)

// call is one GET of the Admin API.
type call struct {
	op    string
	path  string // below /ghost/api/admin/, with the slash at its end
	query url.Values
	bytes int64 // that the answer may have
}

// unreadable is the error of an answer that came, but is not what it should be.
func (c call) unreadable(cause error) error {
	return &Error{Op: c.op, Status: http.StatusOK, cause: cause}
}

// decoder reads an answer. It works within the time of the call, and gives up
// when that is over.
type decoder func(ctx context.Context, body *bounded) error

// get makes the call and gives its answer to decode.
func (c *Client) get(ctx context.Context, call call, decode decoder) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := c.request(ctx, call)
	if err != nil {
		return &Error{Op: call.op, cause: err}
	}
	start := c.now()
	status, err := c.roundTrip(req, call, decode)
	if c.observe != nil {
		c.observe(call.op, status, c.now().Sub(start))
	}
	return err
}

func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	target := c.base.JoinPath(call.path)
	target.RawQuery = call.query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
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
	return req, nil
}

func (c *Client) roundTrip(req *http.Request, call call, decode decoder) (status int, err error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, &Error{Op: call.op, cause: withoutURL(err)}
	}
	defer func() {
		drain(resp.Body)
		_ = resp.Body.Close()
	}()
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, c.refusal(call.op, resp)
	}
	body := limit(resp.Body, call.bytes)
	if err := decode(req.Context(), body); err != nil {
		// What could not be read whole says nothing of what it is.
		return resp.StatusCode, &Error{Op: call.op, Status: resp.StatusCode, cause: cmp.Or(body.err, err)}
	}
	return resp.StatusCode, nil
}

// refusal reads what Ghost says of an error. A body that cannot be read leaves
// the status alone to be judged.
func (c *Client) refusal(op string, resp *http.Response) error {
	e := &Error{
		Op:         op,
		Status:     resp.StatusCode,
		RetryAfter: c.retryAfter(resp.Header.Get("Retry-After")),
		Skew:       c.skew(resp.Header.Get("Date")),
	}
	var answer struct {
		Errors []struct {
			Type string `json:"type"`
			Code string `json:"code"`
		} `json:"errors"`
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err == nil && json.Unmarshal(body, &answer) == nil && len(answer.Errors) > 0 {
		e.Type = errorType(answer.Errors[0].Type)
		e.Code = errorCode(answer.Errors[0].Code)
	}
	return e
}

// errorType lets through what looks like a type of Ghost's, NotFoundError, and
// nothing else: it ends in logs, and whoever answers may echo what we sent.
func errorType(s string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if len(s) <= 40 && strings.HasSuffix(s, "Error") && strings.Trim(s, letters) == "" {
		return s
	}
	return ""
}

// errorCode does the same for a code, UNKNOWN_ADMIN_API_KEY.
func errorCode(s string) string {
	if len(s) <= 40 && strings.Trim(s, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return s
	}
	return ""
}

// retryAfter reads the header in either of its forms, seconds or a date.
func (c *Client) retryAfter(header string) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(c.now())
	}
	return min(max(wait, 0), maxWait)
}

func (c *Client) skew(date string) time.Duration {
	at, err := http.ParseTime(date)
	if err != nil {
		return 0
	}
	return at.Sub(c.now()).Round(time.Second)
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
