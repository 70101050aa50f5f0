package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
)

// refuseList answers a request of a list's webhook. The answers tell a stranger
// nothing of which sites there are, and who has a token.
func refuseList(w http.ResponseWriter, r *http.Request, req *listRequest, code Code) {
	switch code {
	case MethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case RateLimited:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(req.wait)))
	}
	if !req.bodyRead {
		LeaveBody(w, r)
	}
	status, message := code.listAnswer()
	WriteError(w, status, string(code), message)
}

// listAnswer is answer, for a list's webhook.
func (c Code) listAnswer() (status int, message string) {
	switch c {
	case UnknownSite:
		return 404, "No site takes its list's webhooks at this path. Register the webhook again by 'ghostcm doctor --fix'."
	case NotFound:
		return 404, "There is nothing at this path."
	case RateLimited:
		return 429, "Too many requests came from this address, and this one is for no site."
	case Unavailable:
		return 503, "The event could not be stored. Look at 'ghostcm status' and Redis."
	}
	return c.answer()
}

// report leaves the one record of a request and counts it.
func (h *CampaignMonitor) report(req *listRequest, code Code) {
	outcome := ListOutcome{Site: req.site, Result: string(code)}
	if code == accepted {
		outcome.Result = "accepted"
	}
	h.opts.Observe(outcome)
	skipped, ok := 0, true
	if code != accepted {
		skipped, ok = h.log.admit(subject{code, req.site})
	}
	if !ok {
		return
	}
	attrs := []slog.Attr{
		slog.Int("events", req.hints.events), slog.Int("opt_outs", len(req.hints.emails)), slog.Int("jobs", req.looked),
		slog.Float64("latency_ms", milliseconds(h.opts.Now().Sub(req.begun))),
	}
	if req.site != "" {
		attrs = append(attrs, slog.String("site", req.site))
	}
	if req.hints.cut != "" {
		attrs = append(attrs, slog.String("left_out", req.hints.cut))
	}
	if code == accepted {
		h.opts.Log.LogAttrs(context.Background(), slog.LevelInfo, "list_webhook.accepted", attrs...)
		return
	}
	h.opts.Log.LogAttrs(context.Background(), slog.LevelWarn, "list_webhook.refused", append(attrs, refusal(req, code, skipped)...)...)
}

func refusal(req *listRequest, code Code, skipped int) []slog.Attr {
	attrs := []slog.Attr{slog.String("reason", string(code))}
	if req.cause != nil {
		attrs = append(attrs, slog.String("error", req.cause.Error()))
	}
	if errors.Is(req.cause, errBusy) {
		attrs = append(attrs, slog.String("next", "the schedule brings what this webhook told"))
	}
	if skipped > 0 {
		attrs = append(attrs, slog.Int("not_logged", skipped))
	}
	return attrs
}
