package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// Record is one fact out of a provider's books, in the shape in which its webhook
// would have brought it: payment.Normalise takes the body.
type Record struct {
	Body []byte // JSON
	At   time.Time
}

// HistoryOptions say whose books are read, and how.
type HistoryOptions struct {
	Key  string       // the provider's API key; of PayPal client:secret
	HTTP *http.Client // required: decides where requests may go
	Now  func() time.Time
	// Sandbox is whether a key that the provider refuses is tried on its sandbox.
	Sandbox bool
	// URL replaces the provider's address, for tests; "" is the real one.
	URL     string
	Observe Observe // nil: nobody
	// Wait waits between requests, or until ctx ends; nil is the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// History reads what one provider sold and what became of it. It holds one page
// of records at a time, and keeps the provider's rate limit. One goroutine may
// use it.
type History struct {
	opt   HistoryOptions
	asker asker
	books books
	base  int // of books.bases, which answers to the key
	known bool
	token bearer // of PayPal
	begun bool   // whether anything was asked yet
}

// books is how one provider is asked.
type books struct {
	name  string
	bases []string      // production first, then the sandbox
	apart time.Duration // between requests: a third of what the provider allows
	keeps time.Duration // how long it keeps records; 0 is for ever
	since func(ctx context.Context, h *History, since time.Time, give func(Record) bool) error
	// headers are what a request needs beside its address.
	headers func(ctx context.Context, h *History) (http.Header, error)
}

// ErrNoHistory says that a provider has no API to ask what was sold.
var ErrNoHistory = errors.New("it has no way to ask what was sold")

// Backfillable lists the providers that can be asked what was sold.
func Backfillable() []string {
	var names []string
	for _, b := range allBooks() {
		names = append(names, b.name)
	}
	return names
}

// CanBackfill says whether a provider can be asked what was sold.
func CanBackfill(name string) bool { return slices.Contains(Backfillable(), name) }

// Keeps is how long a provider keeps what NewHistory reads; 0 is for ever, or that
// it cannot be asked.
func Keeps(name string) time.Duration {
	i := slices.IndexFunc(allBooks(), func(b books) bool { return b.name == name })
	if i < 0 {
		return 0
	}
	return allBooks()[i].keeps
}

// NewHistory makes a reader of a provider's books; it sends nothing. It returns
// ErrNoHistory for a provider that cannot be asked.
func NewHistory(name string, o HistoryOptions) (*History, error) {
	i := slices.IndexFunc(allBooks(), func(b books) bool { return b.name == name })
	if i < 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrNoHistory)
	}
	asker, err := newAsker(name, o.HTTP, o.Observe)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = waitOut
	}
	h := &History{opt: o, asker: asker, books: allBooks()[i]}
	switch {
	case o.URL != "":
		h.books.bases = []string{o.URL}
	case !o.Sandbox:
		h.books.bases = h.books.bases[:1]
	}
	return h, nil
}

func allBooks() []books {
	return []books{
		{
			name: payment.LemonSqueezy, bases: []string{"https://api.lemonsqueezy.com"}, // a key decides between live and test
			apart: 600 * time.Millisecond, // 300 a minute are allowed
			since: lemonSqueezySince, headers: byJSONAPI,
		},
		{
			name: payment.Paddle, bases: []string{"https://api.paddle.com", "https://sandbox-api.paddle.com"},
			apart: 750 * time.Millisecond, // 240 a minute
			keeps: 90 * 24 * time.Hour, since: paddleSince, headers: byPaddleKey,
		},
		{
			name: payment.PayPal, bases: []string{"https://api-m.paypal.com", "https://api-m.sandbox.paypal.com"},
			apart: 500 * time.Millisecond, // PayPal names no number
			keeps: 30 * 24 * time.Hour, since: paypalSince, headers: byPayPalToken,
		},
		{
			name: payment.Polar, bases: []string{"https://api.polar.sh", "https://sandbox-api.polar.sh"},
			apart: 600 * time.Millisecond, // 300 a minute
			since: polarSince, headers: byKey,
		},
		{
			name: payment.Stripe, bases: []string{"https://api.stripe.com"}, // a key decides between live and test
			apart: 100 * time.Millisecond, // 25 a second in test mode
			keeps: 30 * 24 * time.Hour, since: stripeSince, headers: byKey,
		},
	}
}

// Since gives what was sold and what changed since then, in no order that can be
// relied on, and perhaps some of it twice. Older records than Keeps are not to be
// had. An error is the last that it gives: an *Error, or that of ctx. What came
// before it is good.
func (h *History) Since(ctx context.Context, since time.Time) iter.Seq2[Record, error] {
	if h.books.keeps > 0 {
		if oldest := h.opt.Now().Add(-h.books.keeps + time.Hour); since.Before(oldest) {
			since = oldest
		}
	}
	return func(yield func(Record, error) bool) {
		more := true
		err := h.books.since(ctx, h, since.UTC(), func(r Record) bool {
			more = more && yield(r, nil)
			return more
		})
		if err != nil && more {
			yield(Record{}, err)
		}
	}
}

// waitOut waits by the clock.
func waitOut(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
