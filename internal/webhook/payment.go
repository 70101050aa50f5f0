package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// PaymentPath is the prefix of the paths that payment providers post to; the
// site's id and the provider's name follow.
const PaymentPath = "/webhook/payment/"

// Purchases keeps what payment providers send. An error means that it is not
// known whether a delivery was kept: the provider has to send it again.
type Purchases interface {
	// Accept makes a delivery durable, with a job that will see it; fresh is false
	// for one that was kept before. The event is the provider's word for it.
	Accept(ctx context.Context, d store.PaymentDelivery, event string) (fresh bool, err error)
	// Quarantine keeps a delivery that gives nothing as things are; kept is false if
	// there is no room for it.
	Quarantine(ctx context.Context, d store.PaymentDelivery, reason string) (kept bool, err error)
}

// PaymentSite is a site that takes webhooks of payment providers.
type PaymentSite struct {
	Name   string
	Proofs map[string][]string // by provider: secrets, tokens or receivers, several while rotating
}

// PaymentOutcome is what became of one request of a payment provider, for counting.
type PaymentOutcome struct {
	Site     string // "" if the request named no configured site
	Provider string // "" if it named none that the site takes webhooks of
	Result   string // "accepted", "known", "test_event", or the error code of the answer
	Took     time.Duration
	At       time.Time // of receipt
	// Quarantined is whether it was kept to be looked at again.
	Quarantined bool
}

// PaymentOptions configures NewPayment. Sites and Purchases are required.
type PaymentOptions struct {
	Sites     []PaymentSite
	Purchases Purchases
	// Verify tells whether the provider made a delivery: nil, *payment.Refused, or
	// another error where only asking the provider tells, which the job does then.
	// It may take until ctx ends. nil: payment.Verify.
	Verify func(ctx context.Context, d store.PaymentDelivery, proofs []string) error
	// TestEvents is whether events of a sandbox are taken as if they were real.
	TestEvents bool

	Limiter Limiter // nil: no limit
	// Network tells apart from where requests come, by a word without spaces; nil: not.
	Network func(*http.Request) string
	Log     *slog.Logger         // nil: no records
	Observe func(PaymentOutcome) // nil: no counting; called once per request

	VerifyTimeout time.Duration    // for Verify; 0: 500 ms
	AcceptTimeout time.Duration    // for Purchases; 0: 900 ms
	BodyTimeout   time.Duration    // for reading a body; 0: 5 s
	Now           func() time.Time // nil: time.Now
}

func (o PaymentOptions) withDefaults() PaymentOptions {
	if o.Verify == nil {
		o.Verify = verifyAlone
	}
	if o.Limiter == nil {
		o.Limiter = unlimited{}
	}
	if o.Network == nil {
		o.Network = func(*http.Request) string { return "" }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(PaymentOutcome) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.VerifyTimeout = orElse(o.VerifyTimeout, 500*time.Millisecond)
	o.AcceptTimeout = orElse(o.AcceptTimeout, 900*time.Millisecond)
	o.BodyTimeout = orElse(o.BodyTimeout, 5*time.Second)
	return o
}

func verifyAlone(_ context.Context, d store.PaymentDelivery, proofs []string) error {
	return payment.Verify(d.Provider, proofs, d.HeaderValue, d.Body, d.ReceivedAt)
}

// Payment is the handler of POST /webhook/payment/{site_id}/{provider}.
//
// A provider gives up soon and switches off what fails, so a genuine delivery is
// taken whatever it holds, also over the limit; what is made of it is the job's.
type Payment struct {
	opts   PaymentOptions
	sites  map[string]PaymentSite
	bodies *bodies
	checks slots // verifications of requests over the limit
	log    *journal
}

// NewPayment makes the handler. Several may run in one process.
func NewPayment(o PaymentOptions) *Payment {
	o = o.withDefaults()
	p := &Payment{
		opts:   o,
		sites:  make(map[string]PaymentSite, len(o.Sites)),
		bodies: newBodies(o.BodyTimeout),
		checks: make(slots, maxChecks),
		log:    newJournal(o.Log, o.Now),
	}
	for _, site := range o.Sites {
		p.sites[site.Name] = site
	}
	return p
}

// ServeHTTP answers one request and leaves one record of it.
func (p *Payment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := &paymentRequest{delivery: store.PaymentDelivery{ReceivedAt: p.opts.Now()}}
	code := p.receive(w, r, req)
	if code == accepted || code == testEvent {
		w.WriteHeader(http.StatusOK)
	} else {
		refusePayment(w, r, req, code)
	}
	p.report(req, code)
}
