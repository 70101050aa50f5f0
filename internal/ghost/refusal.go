package ghost

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const maxErrorBody = 64 << 10 // bytes

// usedTarget is what Ghost says of a webhook that it has already. It gives this
// refusal no code, and no property, that would tell it from another.
const usedTarget = "Target URL has already been used for this event."

// takenAddress is how the refusal of an address begins that a member has. Ghost
// gives every refusal of an address the same property.
const takenAddress = "Member already exists"

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
			Type    string `json:"type"`
			Code    string `json:"code"`
			Context string `json:"context"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err == nil && json.Unmarshal(body, &answer) == nil && len(answer.Errors) > 0 {
		first := answer.Errors[0]
		e.Type = errorType(first.Type)
		e.Code = errorCode(first.Code)
		e.used = e.Status == http.StatusUnprocessableEntity && first.Context == usedTarget
		e.taken = e.Status == http.StatusUnprocessableEntity &&
			(strings.HasPrefix(first.Context, takenAddress) || strings.HasPrefix(first.Message, takenAddress))
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

// skew takes a Date, which has whole seconds, for the middle of its second, so
// that clocks which agree do not seem to differ.
func (c *Client) skew(date string) time.Duration {
	at, err := http.ParseTime(date)
	if err != nil {
		return 0
	}
	return at.Add(time.Second / 2).Sub(c.now()).Truncate(time.Second)
}
