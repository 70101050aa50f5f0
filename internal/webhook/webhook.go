// Package webhook takes what strangers post and lets in what is genuine. It is
// for the server, which routes requests here. It promises that nothing is
// parsed or counted as an event before its signature was verified; that a 2xx
// leaves only after the inbox has made the event durable; that the work a
// stranger can cause is bounded in bytes, time and concurrency, without turning
// genuine requests away; and that no answer is a redirect or 410, which would
// cost Ghost's webhook. It leaves durability to the Inbox, the address of a
// client and the counting of its requests to the Limiter, and everything that
// happens after acceptance to the worker.
package webhook

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// Inbox makes deliveries durable. Accept returns nil only once the delivery
// would survive a crash, and returns soon after ctx ends, which it does after
// GhostOptions.AcceptTimeout: an Inbox that falls back to a spool on disk does
// it then, itself.
type Inbox interface {
	Accept(context.Context, store.Delivery) (store.Receipt, error)
}

// Limiter counts the requests of a client. It says no, and for how long, to a
// request over the client's limit; the request is then taken only if genuine.
type Limiter interface {
	Take(*http.Request) (wait time.Duration, ok bool)
}

// Site is a configured site, as far as receiving its webhooks goes.
type Site struct {
	Name    string
	Secrets [][]byte // any one may have signed, while rotating
	Legacy  bool     // Ghost 5.87.0 and older: the time is not signed
}

// Outcome is what became of one request, for counting.
type Outcome struct {
	Site   string        // "" if the request named no configured site
	Event  string        // "" before the request was authenticated and read
	Result string        // "accepted", or the error code of the answer
	Took   time.Duration // from the request's head to the answer
	Bytes  int           // of the body that was read
	At     time.Time     // of receipt
	// Contradicted is whether the URL named another event than the signed body.
	Contradicted bool
}

// GhostOptions configures NewGhost. Sites and Inbox are required.
type GhostOptions struct {
	Sites   []Site
	Inbox   Inbox
	Limiter Limiter       // nil: no limit
	Log     *slog.Logger  // nil: no records
	Observe func(Outcome) // nil: no counting; called once per request

	Tolerance     time.Duration // of send times, both directions; 0: 5 min
	AcceptTimeout time.Duration // for the inbox; 0: 300 ms
	BodyTimeout   time.Duration // for reading a body; 0: 2 s, after which Ghost has given up

	Now   func() time.Time // nil: time.Now
	NewID func() string    // of events; nil: 16 random hex digits
}

// withDefaults fills in what may be left out.
func (o GhostOptions) withDefaults() GhostOptions {
	if o.Limiter == nil {
		o.Limiter = unlimited{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Outcome) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = randomID
	}
	o.Tolerance = orElse(o.Tolerance, 5*time.Minute)
	o.AcceptTimeout = orElse(o.AcceptTimeout, 300*time.Millisecond)
	o.BodyTimeout = orElse(o.BodyTimeout, 2*time.Second)
	return o
}

func orElse(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

type unlimited struct{}

func (unlimited) Take(*http.Request) (time.Duration, bool) { return 0, true }

// randomID never fails: crypto/rand ends the process rather than return weak bytes.
func randomID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
