// Package cmtest is a Campaign Monitor to test against: a stateful HTTP server
// that is strict where the real service is documented, or was seen, to be
// strict. Tests, the demo and the end-to-end runs share it, so that there is
// one truth about the other side.
//
// It promises that state changes only by what the API offers and by what the
// methods of Server say a person did, that its clock and its faults are the
// caller's, and that it records what a good client never does (Violations). It
// keeps everything in memory. Where the vendor's behaviour is not documented it
// picks the answer that is harder for the client; options turn some of them.
package cmtest

import "time"

// DefaultKey is the API key that a server takes unless Options say another.
const DefaultKey = "0123456789abcdef0123456789abcdef"

// DefaultClient is the id of the client that owns lists that name no other.
const DefaultClient = "c11e7700000000000000000000000001"

// Options configures a Server; the zero value is a fast, healthy, unlimited one.
type Options struct {
	Key  string           // "" is DefaultKey
	Now  func() time.Time // nil is time.Now
	Zone *time.Location   // the client's; nil is ten hours east, so that a forgotten zone shows

	// AddDelay is how long a single add waits in the vendor's queue before it is applied.
	AddDelay time.Duration
	// CaseSensitive keeps addresses apart that differ only in case. Which of the
	// two the vendor does is not documented.
	CaseSensitive bool
	// BracketedKeys makes reads give the keys of custom fields in brackets.
	BracketedKeys bool
	// UnknownList is the refusal of a list id that is not there; zero is 400 with code 101.
	UnknownList Refusal

	// PerSubscriber limits the writes of one subscriber, Account all requests.
	// Zero is no limit.
	PerSubscriber, Account Limit

	Delay  time.Duration // before each request is worked on
	Faults Faults

	// Send delivers a webhook; nil drops it. It is called without any lock held,
	// in the goroutine of the request that caused it.
	Send func(url string, payload []byte) error
}

// Refusal is an HTTP status with the API's code.
type Refusal struct{ Status, Code int }

// Limit allows N in any Window.
type Limit struct {
	N      int
	Window time.Duration
}

// Faults makes random requests go wrong, the same ones for the same seed and
// order of requests.
type Faults struct {
	Seed        uint64
	Probability float64 // 0 to 1
	Kinds       []Fault // to choose from; none is all
}

// Fault is one way for a request to go wrong. The ones called After apply the
// request first: the client cannot know that it worked.
type Fault int

// The faults.
const (
	Internal        Fault = iota + 1 // 500 with the API's JSON
	BadGateway                       // 502 with a proxy's HTML
	BadGatewayAfter                  // applied, then 502
	Reset                            // the connection is reset
	ResetAfter                       // applied, then reset
	Hang                             // no answer until the client gives up
	HangAfter                        // applied, then no answer
)

func (f Fault) applies() bool { return f == BadGatewayAfter || f == ResetAfter || f == HangAfter }

func (o Options) withDefaults() Options {
	if o.Key == "" {
		o.Key = DefaultKey
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.FixedZone("(GMT+10:00) Canberra, Melbourne, Sydney", 10*60*60)
	}
	if o.UnknownList == (Refusal{}) {
		o.UnknownList = Refusal{Status: 400, Code: 101}
	}
	if len(o.Faults.Kinds) == 0 {
		o.Faults.Kinds = []Fault{Internal, BadGateway, BadGatewayAfter, Reset, ResetAfter, Hang, HangAfter}
	}
	return o
}
