package contract

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// maxCalls bounds the requests of a run; the last of them are kept for cleaning up.
	maxCalls     = 320
	keptForClean = 110
	// maxPatience bounds how often a request is made again that was answered 429.
	maxPatience = 4
	callTimeout = 2 * time.Minute // an import returns when all is written
	maxAnswer   = 8 << 20
)

var (
	errSpent   = errors.New("too many requests were needed; the rest was not asked")
	errNoReply = errors.New("no answer came")
)

// caller makes the requests, as they stand on the wire.
type caller struct {
	Target
	calls    int
	cleaning bool
	limits   limits
}

// limits is what answers told of limits.
type limits struct {
	account    bool // a 429 that was not about one subscriber
	subscriber bool
	headers    map[string]bool
}

// request is one call; path begins after the version, and its key is the target's
// unless as says otherwise.
type request struct {
	method, path, body string
	as                 string // "", or noKey, or another key
	version            string // instead of the target's
}

const noKey = "-"

// answer is what came back.
type answer struct {
	status, code int // code is 0 if the answer had none
	body         []byte
}

func (c *caller) spent() error {
	if c.calls >= maxCalls-keptForClean && !c.cleaning || c.calls >= maxCalls {
		return errSpent
	}
	return nil
}

// call makes a request, as often as it is answered 429 and patience lasts.
func (c *caller) call(ctx context.Context, r request) (answer, error) {
	patience := c.Patience
	for tries := 1; ; tries++ {
		if err := errors.Join(ctx.Err(), c.spent()); err != nil {
			return answer{}, err
		}
		if err := c.Wait(ctx, c.Pace); err != nil {
			return answer{}, err
		}
		c.calls++
		a, err := c.once(ctx, r)
		if err != nil || a.status != http.StatusTooManyRequests || tries > maxPatience {
			return a, err
		}
		if err := c.Wait(ctx, patience); err != nil {
			return answer{}, err
		}
		patience *= 2
	}
}

func (c *caller) once(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, c.target(r), strings.NewReader(r.body))
	if err != nil {
		return answer{}, errNoReply // the error has the address
	}
	c.sign(req, r)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return answer{}, errNoReply
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, errNoReply
	}
	a := answer{status: resp.StatusCode, body: body}
	var said struct{ Code int }
	if json.Unmarshal(body, &said) == nil {
		a.code = said.Code
	}
	c.limits.note(resp, r)
	return a, nil
}

func (c *caller) target(r request) string {
	base := c.URL
	if r.version != "" {
		at := strings.LastIndex(base, "/")
		base = base[:at+1] + r.version
	}
	return base + r.path
}

func (c *caller) sign(req *http.Request, r request) {
	switch r.as {
	case noKey:
	case "":
		req.SetBasicAuth(c.Key, "x")
	default:
		req.SetBasicAuth(r.as, "x")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "ghostcm-contract")
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
}

// note remembers what an answer says of limits.
func (l *limits) note(resp *http.Response, r request) {
	for name := range resp.Header {
		if lower := strings.ToLower(name); strings.Contains(lower, "ratelimit") || lower == "retry-after" {
			if l.headers == nil {
				l.headers = map[string]bool{}
			}
			l.headers[name] = true
		}
	}
	if resp.StatusCode != http.StatusTooManyRequests {
		return
	}
	if strings.HasPrefix(r.path, "/subscribers/") && r.method != http.MethodGet {
		l.subscriber = true // writes of one subscriber are known to be limited
		return
	}
	l.account = true
}
