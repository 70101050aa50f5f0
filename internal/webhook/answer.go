package webhook

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Code is the machine-readable reason of a refusal, as the answer's "error".
type Code string

// The codes of refusals. The answers hold nothing of the request.
const (
	InvalidPayload     Code = "invalid_payload"
	UnknownEvent       Code = "unknown_event"
	InvalidSiteID      Code = "invalid_site_id"
	SignatureMissing   Code = "signature_missing"
	SignatureMalformed Code = "signature_malformed"
	SignatureMismatch  Code = "signature_mismatch"
	SignatureExpired   Code = "signature_timestamp_expired"
	UnknownSite        Code = "unknown_site"
	NotFound           Code = "not_found"
	MethodNotAllowed   Code = "method_not_allowed"
	RequestTimeout     Code = "request_timeout"
	PayloadTooLarge    Code = "payload_too_large"
	RateLimited        Code = "rate_limited"
	Unavailable        Code = "unavailable"

	accepted Code = "" // no refusal
)

// answer says what the code means, and to people what to do next.
func (c Code) answer() (status int, message string) {
	switch c {
	case InvalidPayload:
		return 400, "The body is not a member event as Ghost sends it. In Ghost, choose only member events for this webhook."
	case UnknownEvent:
		return 400, "This event is not handled. In Ghost, choose member added, updated or deleted for this webhook."
	case InvalidSiteID:
		return 400, "A site id is 1 to 50 letters, digits, - or _. " +
			"Compare the webhook's URL in Ghost with the output of 'ghostcm sites'."
	case SignatureMissing:
		return 401, "The X-Ghost-Signature header is missing. Give the webhook in Ghost the secret that is configured here."
	case SignatureMalformed:
		return 401, "The X-Ghost-Signature header must be 'sha256=<hex>, t=<time>', once. Look for a proxy that changes headers."
	case SignatureMismatch:
		return 401, "The signature does not match. Compare the webhook's secret in Ghost with the one configured here. " +
			"Ghost 5.87.0 and older need the setting for legacy signatures."
	case SignatureExpired:
		return 401, "The signature is too old or from the future. Set the clocks of both machines by NTP."
	case UnknownSite:
		return 404, "No site of this id is configured. Compare the webhook's URL in Ghost with the output of 'ghostcm sites'."
	case NotFound:
		return 404, "There is nothing at this path. A webhook of Ghost goes to /webhook/ghost/{site_id}, without a slash at the end."
	case MethodNotAllowed:
		return 405, "Webhooks are sent by POST."
	case RequestTimeout:
		return 408, "The body did not arrive in time. Look at the network between Ghost and this server."
	case PayloadTooLarge:
		return 413, "The body is larger than 1 MiB, which no member event is."
	case RateLimited:
		return 429, "Too many requests came from this address, and this one is not signed as it must be. " +
			"Wait, and check the webhook's secret."
	}
	return 503, "The event could not be stored. Look at 'ghostcm status' and Redis. " +
		"Ghost does not send it again; the member's next event brings what it carried."
}

// refuse answers with the code. A connection whose body was not read is closed:
// reading on would be work that a stranger asks for.
func refuse(w http.ResponseWriter, r *http.Request, req *request, code Code) {
	h := w.Header()
	switch code {
	case MethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case RateLimited:
		h.Set("Retry-After", strconv.Itoa(retryAfter(req.wait)))
	}
	if !req.bodyRead {
		LeaveBody(w, r)
	}
	status, message := code.answer()
	if code == Unavailable && errors.Is(req.cause, errBusy) {
		message = busyMessage
	}
	WriteError(w, status, string(code), message)
}

// busyMessage stands for a 503 that Redis has no part in.
const busyMessage = "Too many large requests arrive at once, and this one was not read. " +
	"Look for webhook.refused in the log. Ghost does not send it again; the member's next event brings what it carried."

// leftBody is how long the rest of a body that nobody reads may still arrive, so
// that the client sees its answer before the connection's end.
const leftBody = 500 * time.Millisecond

// LeaveBody is for an answer that needs no body of the request: it ends the
// connection of a request that has one, soon, instead of waiting for the rest.
// It comes before the answer.
func LeaveBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(leftBody)) // a recorder in a test has none
}

// retryAfter rounds up: a client that comes back after so many seconds is let in.
func retryAfter(wait time.Duration) int {
	return max(1, int(math.Ceil(wait.Seconds())))
}

// WriteError answers a request with the JSON form of all errors,
// {"error":"<code>","message":"…"}. Neither may hold anything of the request.
func WriteError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}{code, message})
}

func writeAccepted(w http.ResponseWriter, req *request) {
	writeJSON(w, http.StatusAccepted, struct {
		Status    string `json:"status"`
		SiteID    string `json:"site_id"`
		JobID     string `json:"job_id"`
		EventType string `json:"event_type"`
	}{"accepted", req.delivery.Site, req.receipt.JobID, string(req.delivery.Event.Type)})
}

// writeJSON ignores what goes wrong while sending: the client is gone then, and
// there is nobody left to tell.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
