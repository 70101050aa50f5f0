package webhook

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// paymentRequest is what is known so far of a request of a payment provider.
type paymentRequest struct {
	incoming
	delivery    store.PaymentDelivery // Site and Provider are set once they are configured ones
	event       string                // the provider's word, once it was verified
	fresh       bool
	quarantined bool
}

// maxUnproven bounds a body that only its provider can verify: until it is asked,
// anybody may have sent it. PayPal's are a few kilobytes.
const maxUnproven = 64 << 10

// longestBody bounds a body that has to be taken apart before anything shows who sent
// it; a genuine one has a few kilobytes.
func longestBody(provider string) int {
	switch provider {
	case payment.PayPalIPN, payment.Kofi:
		return maxUnproven
	}
	return maxBody
}

// errCrowded is of a client over its limit whose request only the provider can
// verify. It is no 429, which a genuine one never gets.
var errCrowded = errors.New("too many requests of one address that only their provider can verify")

// receive takes a request in, in the order in which its checks get dearer.
func (p *Payment) receive(w http.ResponseWriter, r *http.Request, req *paymentRequest) Code {
	site, provider, ok := siteAndProvider(r.URL)
	if !ok {
		return NotFound
	}
	if r.Method != http.MethodPost {
		return MethodNotAllowed
	}
	wait, within := p.opts.Limiter.Take(r)
	code := p.authenticate(w, r, req, site, provider, within)
	switch {
	case code == accepted:
		return p.accept(r.Context(), req)
	case code == testEvent:
		return p.quarantine(r.Context(), req, code, string(payment.ReasonTest))
	case !within:
		if req.wait = wait; errors.Is(req.cause, errCrowded) {
			return Unavailable
		}
		return RateLimited
	case worthKeeping(code) && !simulated(req.cause):
		return p.quarantine(r.Context(), req, code, string(code))
	}
	return code
}

// authenticate reads the body and finds out whether the provider sent it.
func (p *Payment) authenticate(
	w http.ResponseWriter, r *http.Request, req *paymentRequest, id, provider string, within bool,
) Code {
	if !validSiteID(id) {
		return InvalidSiteID
	}
	site, ok := p.sites[id]
	if !ok {
		return UnknownSite
	}
	req.delivery.Site = site.Name
	proofs, ok := site.Proofs[provider]
	if !ok {
		return UnknownProvider
	}
	req.delivery.Provider = provider
	if code := p.bodies.read(w, r, &req.incoming, within); code != accepted {
		return code
	}
	if len(req.body) > longestBody(provider) {
		return PayloadTooLarge
	}
	req.deliver(r)
	req.delivery.Network = p.opts.Network(r)
	if !within {
		if !p.checks.take(checkPatience) {
			return Unavailable
		}
		defer p.checks.give()
	}
	return p.verify(r.Context(), req, proofs, within)
}

// deliver makes a delivery of what was read. Its id is that of its bytes: what a
// provider sends again in other bytes changes nothing either, and an id that a
// Zap gives to two sales must not lose one of them.
func (req *paymentRequest) deliver(r *http.Request) {
	d := &req.delivery
	d.Body, d.Header = req.body, proofHeader(r)
	d.ContentType, d.Source = r.Header.Get("Content-Type"), store.FromWebhook
	d.ID = store.PaymentDeliveryID(d.Provider, string(d.Body))
}

func (p *Payment) verify(ctx context.Context, req *paymentRequest, proofs []string, within bool) Code {
	ctx, cancel := context.WithTimeout(ctx, p.opts.VerifyTimeout)
	defer cancel()
	err := p.opts.Verify(ctx, req.delivery, proofs)
	if refused, is := errors.AsType[*payment.Refused](err); is {
		req.cause = err
		return refusedCode(refused.Reason)
	}
	if err == nil {
		return p.read(req)
	}
	switch {
	case !within:
		req.cause = errCrowded
		return Unavailable
	case len(req.body) > maxUnproven: // PayPal, whose certificate is not at hand
		return PayloadTooLarge
	}
	req.delivery.Unproven = true
	return accepted
}

// read looks into a genuine body. One that cannot be read is taken all the same,
// and its job says why.
func (p *Payment) read(req *paymentRequest) Code {
	d := req.delivery
	events, err := payment.Normalise(d.Provider, d.Body, d.HeaderValue, d.ReceivedAt)
	if err != nil || len(events) == 0 {
		return accepted
	}
	req.event = events[0].Type
	for _, e := range events {
		if !e.Real(p.opts.TestEvents) {
			return testEvent
		}
	}
	return accepted
}

// accept goes on when the client hangs up: its provider may have counted it as
// delivered.
func (p *Payment) accept(ctx context.Context, req *paymentRequest) Code {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.opts.AcceptTimeout)
	defer cancel()
	d := req.delivery
	if !d.Unproven {
		d = d.WithoutToken()
	}
	var err error
	if req.fresh, err = p.opts.Purchases.Accept(ctx, d, req.event); err != nil {
		req.cause = err
		return Unavailable
	}
	return accepted
}

// quarantine keeps what is refused as things are. What can be kept nowhere is
// not known to be in good hands, so its provider is to send it again.
func (p *Payment) quarantine(ctx context.Context, req *paymentRequest, code Code, reason string) Code {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.opts.AcceptTimeout)
	defer cancel()
	var err error
	d := req.delivery
	if code == testEvent {
		d = d.WithoutToken()
	}
	if req.quarantined, err = p.opts.Purchases.Quarantine(ctx, d, reason); err != nil {
		req.cause = err
		return Unavailable
	}
	return code
}

// worthKeeping is of refusals that another setting here may turn out to be wrong.
// What has no signature at all never becomes genuine, and comes from scanners.
func worthKeeping(c Code) bool {
	return c == SignatureMalformed || c == SignatureMismatch || c == SignatureExpired
}

// simulated is of what whoever has an account at PayPal can have PayPal sign and send,
// from its own network: no setting ever makes it genuine.
func simulated(cause error) bool {
	refused, is := errors.AsType[*payment.Refused](cause)
	return is && refused.Reason == payment.ReasonSimulator
}

func refusedCode(r payment.Reason) Code {
	switch r {
	case payment.ReasonMissing:
		return SignatureMissing
	case payment.ReasonMalformed:
		return SignatureMalformed
	case payment.ReasonExpired:
		return SignatureExpired
	case payment.ReasonTest:
		return testEvent
	case payment.ReasonMismatch, payment.ReasonNoProof:
	}
	return SignatureMismatch
}

// siteAndProvider returns the two path segments after PaymentPath. A slash at the
// end is let pass: a redirect from there would lose the delivery.
func siteAndProvider(u *url.URL) (site, provider string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), PaymentPath)
	if !ok {
		return "", "", false
	}
	site, provider, ok = strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	return site, provider, ok && site != "" && provider != "" && !strings.Contains(provider, "/")
}
