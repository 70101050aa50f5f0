package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// The codes that only webhooks of payment providers have.
const (
	UnknownProvider Code = "unknown_provider"

	// testEvent is genuine, but of a sandbox: answered as taken, and kept apart.
	testEvent Code = "test_event"
)

// crowdedFor is how long a client waits that sends too much of what cannot be
// verified here.
const crowdedFor = time.Minute

func refusePayment(w http.ResponseWriter, r *http.Request, req *paymentRequest, code Code) {
	switch code {
	case MethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case RateLimited:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(req.wait)))
	case Unavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(crowdedFor)))
	}
	if !req.bodyRead {
		LeaveBody(w, r)
	}
	status, message := code.paymentAnswer()
	WriteError(w, status, string(code), message)
}

// paymentAnswer is answer, for a payment provider's webhook.
func (c Code) paymentAnswer() (status int, message string) {
	switch c {
	case SignatureMissing:
		return 401, "The request carries no signature or token. Compare the webhook at the provider with docs/payments.md."
	case SignatureMalformed:
		return 401, "The signature cannot be read. Look for a proxy that changes headers."
	case SignatureMismatch:
		return 401, "The signature does not match. Compare the secret at the provider with the one configured here; " +
			"what was refused is kept for 7 days and looked at again when the setting changes."
	case UnknownSite:
		return 404, "No site of this id is configured. Compare the webhook's URL at the provider with the output of 'ghostcm sites'."
	case UnknownProvider:
		return 404, "This site takes no webhooks of this provider. Set its secret, or correct the webhook's URL."
	case InvalidSiteID:
		return 400, "A site id is 1 to 50 letters, digits, - or _. " +
			"Compare the webhook's URL at the provider with the output of 'ghostcm sites'."
	case InvalidPayload:
		return 400, "The body did not arrive whole."
	case NotFound:
		return 404, "There is nothing at this path. A provider's webhook goes to /webhook/payment/{site_id}/{provider}."
	case RequestTimeout:
		return 408, "The body did not arrive in time. Look at the network between the provider and this server."
	case PayloadTooLarge:
		return 413, "The body is larger than any payment event."
	case Unavailable:
		return 503, "The event could not be stored. Look at 'ghostcm status' and Redis. Send it again."
	}
	return c.answer()
}

// report leaves the one record of a request and counts it.
func (p *Payment) report(req *paymentRequest, code Code) {
	d := req.delivery
	outcome := PaymentOutcome{
		Site: d.Site, Provider: d.Provider, Result: string(code), Took: p.opts.Now().Sub(d.ReceivedAt), At: d.ReceivedAt,
		Quarantined: req.quarantined && code != testEvent, // which is counted as such
	}
	attrs := []slog.Attr{slog.Int("bytes", len(req.body)), slog.Float64("latency_ms", milliseconds(outcome.Took))}
	for _, known := range [][2]string{{"site", d.Site}, {"provider", d.Provider}, {"delivery_id", d.ID}, {"event_type", word(req.event)}} {
		if known[1] != "" {
			attrs = append(attrs, slog.String(known[0], known[1]))
		}
	}
	if code == accepted {
		if outcome.Result = "accepted"; !req.fresh {
			outcome.Result = "known"
		}
		attrs = append(attrs, slog.Bool("known", !req.fresh), slog.Bool("to_be_verified", d.Unproven))
		p.opts.Log.LogAttrs(context.Background(), slog.LevelInfo, "payment_webhook.accepted", attrs...)
	} else {
		p.refused(req, code, attrs)
	}
	p.opts.Observe(outcome)
}

func (p *Payment) refused(req *paymentRequest, code Code, attrs []slog.Attr) {
	skipped, ok := p.log.admit(subject{code, req.delivery.Site})
	if !ok {
		return
	}
	attrs = append(attrs, slog.String("reason", string(code)), slog.Bool("quarantined", req.quarantined))
	if req.cause != nil {
		attrs = append(attrs, slog.String("error", req.cause.Error()))
	}
	if skipped > 0 {
		attrs = append(attrs, slog.Int("not_logged", skipped))
	}
	level := slog.LevelWarn
	if code == testEvent { // a rehearsal, or a sandbox: genuine, and no fault
		level = slog.LevelInfo
	}
	if code == Unavailable && !errors.Is(req.cause, errCrowded) {
		level = slog.LevelError
	}
	p.opts.Log.LogAttrs(context.Background(), level, "payment_webhook.refused", attrs...)
}

// word lets a provider's word for an event into a record: an identifier, or
// nothing. Of a Zap it is whatever somebody typed.
func word(s string) string {
	if len(s) > 80 {
		return ""
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.', c == '/', c == ':':
		default:
			return ""
		}
	}
	return s
}
