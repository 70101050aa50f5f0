package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Bounds of what is asked for and taken.
const (
	maxBooksAt  = 16 << 20        // bytes of one page, after decompression
	askTries    = 5               // of one page
	longestWait = 2 * time.Minute // that a page is waited for; a longer one ends the reading
	firstWait   = 2 * time.Second // before a second try where the answer names no time
)

// read gets a page of the books into page. What may pass is tried again, after as
// long as the provider asks for.
func (h *History) read(ctx context.Context, op, path string, query url.Values, page any) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := h.readOnce(ctx, op, path, query, page)
		var failure *Error
		switch {
		case err == nil || !errors.As(err, &failure) || ctx.Err() != nil:
			return err
		case failure.Kind() == Credentials && h.otherwise():
			continue
		case failure.Kind() != RateLimited && failure.Kind() != Transient, try == askTries, failure.RetryAfter > longestWait:
			return err
		}
		if err := h.opt.Wait(ctx, max(wait, failure.RetryAfter)); err != nil {
			return err
		}
		wait *= 2
	}
}

// otherwise is whether a refused key is worth another try: with a new token, or
// before it was ever taken, at the sandbox.
func (h *History) otherwise() bool {
	switch {
	case h.known && h.token.text != "":
		h.known = false // once
	case !h.known && h.base+1 < len(h.books.bases):
		h.base++
	default:
		return false
	}
	h.token = bearer{}
	return true
}

func (h *History) readOnce(ctx context.Context, op, path string, query url.Values, page any) error {
	if err := h.pace(ctx); err != nil {
		return err
	}
	q := question{op: op, method: http.MethodGet, url: h.books.bases[h.base] + path, limit: maxBooksAt}
	if len(query) > 0 {
		q.url += "?" + query.Encode()
	}
	var err error
	if q.header, err = h.books.headers(ctx, h); err != nil {
		return err
	}
	if err := h.send(ctx, q, page); err != nil {
		return err
	}
	h.known = true
	return nil
}

// pace keeps requests apart.
func (h *History) pace(ctx context.Context) error {
	if !h.begun {
		h.begun = true
		return ctx.Err()
	}
	return h.opt.Wait(ctx, h.books.apart)
}

// send asks a question and reads its answer into v.
func (h *History) send(ctx context.Context, q question, v any) error {
	body, err := h.asker.ask(ctx, q)
	if err != nil {
		return err
	}
	if json.Unmarshal(body, v) != nil {
		return h.unexpected(q.op)
	}
	return nil
}

// unexpected is an answer that is not the provider's.
func (h *History) unexpected(op string) error { return failed(h.books.name, op, errNotTheirs) }

// byKey is how most providers want their key.
func byKey(_ context.Context, h *History) (http.Header, error) {
	return http.Header{"Authorization": {"Bearer " + h.opt.Key}, "Accept": {"application/json"}}, nil
}

// newest is the latest of some times that may be missing.
func newest(times ...*time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t != nil && t.After(last) {
			last = *t
		}
	}
	return last
}

// enveloped is a body as a webhook would have it around what the books hold.
func (h *History) enveloped(op string, v any, at time.Time) (Record, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Record{}, h.unexpected(op)
	}
	return Record{Body: body, At: at.UTC()}, nil
}
