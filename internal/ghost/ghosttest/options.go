// Package ghosttest is a Ghost to test against: a stateful HTTP server with the
// part of the Admin API that concerns members, and the sender of webhooks. It
// is as strict, and as odd, as Ghost 6.65.0 was measured to be. Tests, the demo
// and the end-to-end runs share it, so that there is one truth about Ghost.
//
// It promises that members change only by what the API offers and by what the
// methods of Server say a person did, that a webhook has the form that Ghost
// gives it, and that clock and faults are the caller's. It keeps everything in
// memory, and does not know posts, staff and sessions, and of Stripe no more than
// what it leaves with a member.
package ghosttest

import (
	"net/http"
	"time"
)

// DefaultKey is the Admin API key that a server takes unless Options say another.
const DefaultKey = "6b0232f0f40b4d72024c857b:" + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// Options configure a Server; the zero value is a fast, healthy Ghost 6.65 on
// SQLite, without Stripe.
type Options struct {
	Key     string           // Admin API key, "id:hex"; "" is DefaultKey
	Title   string           // of the site, its newsletter and its paid tier; "" is "Test Site"
	Version string           // major and minor; "" is "6.65"
	Now     func() time.Time // nil is time.Now
	Seed    uint64           // of uuids and of random faults

	// MariaDB makes e-mail lookups ignore case, accents and trailing spaces,
	// and writes expiry dates as text. SQLite compares bytes and writes numbers.
	MariaDB bool
	// Stripe is connected: a change of tiers changes the status too (tiers.go).
	Stripe bool
	// OldGhost sends webhooks as Ghost 5.130 does: no event key, keys missing.
	OldGhost bool
	// LegacySignature signs webhooks as Ghost 5.87.0 and older do.
	LegacySignature bool
	// Sync sends each webhook before the change that caused it returns, in
	// order. Ghost itself starts each at once and waits for none.
	Sync bool

	Delay  time.Duration // before each request is answered
	Faults Faults
	// HTTP sends the webhooks; nil is a client of its own.
	HTTP *http.Client
	// Patience is how long a webhook waits for its answer; 0 is Ghost's 2 seconds,
	// which a machine that is full of tests may not hold.
	Patience time.Duration
}

func (o Options) withDefaults() Options {
	if o.Key == "" {
		o.Key = DefaultKey
	}
	if o.Title == "" {
		o.Title = "Test Site"
	}
	if o.Version == "" {
		o.Version = "6.65"
	}
	if o.OldGhost {
		o.Version = "5.130"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	}
	return o
}

// Fault is one way in which a request goes wrong.
type Fault struct {
	Status     int           // the answer's; 0 cuts the connection instead
	RetryAfter time.Duration // told in whole seconds if not 0
	Body       string        // "" is Ghost's own form of an error
	Delay      time.Duration // before the answer
	// CutAfter, if not 0, answers as if nothing were wrong, but breaks the
	// connection after so many bytes of the body as it is sent, compressed or not.
	CutAfter int
}

// Faults makes random requests go wrong, the same ones for the same seed and
// order of requests.
type Faults struct {
	Probability float64 // 0 to 1
	Kinds       []Fault // to choose from; none is a 500 and a cut connection
}
