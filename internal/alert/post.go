package alert

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Target is where messages go. URLs hold tokens, so that no error and no log
// quotes one.
type Target struct {
	URL    string // "" for nowhere
	Secret string // signs; "" signs nothing
	HTTP   *http.Client

	pause time.Duration // before the second try; 0 is firstPause
}

// How a delivery is tried: how long an answer may take, how often, and over what
// time. A receiver that asks for a longer rest gets it later, from the store.
const (
	answerWithin = 5 * time.Second
	triesAtMost  = 3
	tryFor       = 20 * time.Second
	firstPause   = time.Second
)

// send delivers one body, after a few tries if need be. The error says why in
// words of our own.
func (t Target) send(ctx context.Context, method string, body []byte, now func() time.Time) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = cmp.Or(t.pause, firstPause), answerWithin
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, t.once(ctx, method, body, now) },
		backoff.WithBackOff(pauses), backoff.WithMaxTries(triesAtMost), backoff.WithMaxElapsedTime(tryFor))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
		return permanent.Unwrap()
	}
	return err
}

func (t Target) once(ctx context.Context, method string, body []byte, now func() time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, t.URL, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(errors.New("its URL is none"))
	}
	req.Header.Set("User-Agent", "ghostcm")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if body != nil && t.Secret != "" {
		req.Header.Set(SignatureHeader, sign([]byte(t.Secret), body, now()))
	}
	resp, err := t.HTTP.Do(req)
	if err != nil {
		return unreached(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again
	return refused(resp)
}

// unreached names why no answer came. The error's own text holds the URL.
func unreached(err error) error {
	if hint, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return backoff.Permanent(errors.New(hint.Hint()))
	}
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return errors.New("it does not answer in time")
	}
	return errors.New("it cannot be reached")
}

// refused reads the status of an answer. A receiver that was moved, or does not
// know the token, will not know it a second later.
func refused(resp *http.Response) error {
	status := resp.StatusCode
	err := fmt.Errorf("it answers %d", status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return backoff.Permanent(fmt.Errorf("it answers %d, a redirect: set the address that it leads to", status))
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return rested(resp.Header.Get("Retry-After"), err)
	case status == http.StatusRequestTimeout, status >= 500:
		return err
	}
	return backoff.Permanent(err)
}

// rested waits as long as the answer asks for. More than this delivery has time
// for is for the next one.
func rested(header string, err error) error {
	seconds, parseErr := strconv.Atoi(header)
	switch {
	case parseErr != nil || seconds < 0:
		return err
	case time.Duration(seconds)*time.Second > tryFor:
		return backoff.Permanent(err)
	}
	return fmt.Errorf("%w: %w", err, backoff.RetryAfter(seconds))
}
