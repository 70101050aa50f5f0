package campaignmonitor

import (
	"context"
	"errors"
	"net/http"

	"github.com/ghostcm/ghostcm/internal/egress/failure"
)

// Kind is what a failure means for the caller: whether to try again, and whom
// it concerns.
type Kind int

// The kinds of failure.
const (
	// None is no failure of this package: nil, or someone else's error.
	None Kind = iota
	// NotOnList: the address is not on the list (203).
	NotOnList
	// AlreadyOnList: the new address of a change is on the list already (201).
	AlreadyOnList
	// OptedOut: the person is suppressed, deleted, unsubscribed, bounced or
	// unconfirmed (204 to 208; Code says which). Never to be overridden by retrying.
	OptedOut
	// InvalidAddress: the API takes no such address (1, 211). Permanent.
	InvalidAddress
	// InvalidRequest: the API will never take this request. Permanent.
	InvalidRequest
	// Credentials: the key is wrong, or may not do this (401). Concerns the site.
	Credentials
	// Config: the list, the client or the address of the API is wrong, the address
	// may not be reached, or its certificate cannot be verified. Concerns the site.
	Config
	// TooOften: this one subscriber was written too many times too quickly.
	TooOften
	// RateLimited: the account makes too many requests.
	RateLimited
	// Transient: no answer, a broken one, or a fault of the service. Try again.
	Transient
	// Canceled: the caller gave up; says nothing about the service.
	Canceled
)

// String returns the kind in words.
func (k Kind) String() string {
	words := [...]string{"no failure", "not on the list", "already on the list", "opted out", "invalid address", "invalid request",
		"credentials refused", "configuration refused", "subscriber written too often", "rate limited", "temporary failure", "canceled"}
	if k < 0 || int(k) >= len(words) {
		return "unknown"
	}
	return words[k]
}

// KindOf returns the Kind of the first *Error in err's chain, else None.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind()
	}
	return None
}

// Kind judges the failure: by the API's code where it is known, else by the
// HTTP status, which is coarser. The two limits share the code 429; a limit is
// a subscriber's only if a write of subscribers was refused by the API itself
// without any rate-limit header, and an account's otherwise.
func (e *Error) Kind() Kind {
	if e.perSubscriber {
		return TooOften
	}
	return e.kind()
}

func (e *Error) kind() Kind {
	switch {
	case errors.Is(e, context.Canceled):
		return Canceled
	case errors.Is(e, errRequest):
		return InvalidRequest
	case failure.Lasting(e.cause):
		return Config
	case e.tooMany():
		return RateLimited
	}
	if k := codeKind(e.Code); k != None {
		return k
	}
	return statusKind(e.Status, e.Code)
}

// codeKind is the table of documented codes; None for a code it does not know.
// Negative codes were seen for what the reference gives a positive one
// (verbb/formie#1761), always for a request that no retry can mend.
func codeKind(code int) Kind {
	switch code {
	case 203:
		return NotOnList
	case 201:
		return AlreadyOnList
	case 204, 205, 206, 207, 208:
		return OptedOut
	case 1, 211:
		return InvalidAddress
	case 5, 172, 176, 209, 212, 214, 215, 220, 221, 250, 251, 252, 253, 255, 256, 257, 259, 261, 400, 800, 801, 802, 803:
		return InvalidRequest
	case 50, 60, 100, 120, 121, 122:
		return Credentials
	case 101, 102, 254, 403, 404, 601, 602, 603, 610:
		return Config
	case 210:
		// Import reads this one as a success; here its details were unreadable,
		// and importing once more brings them again.
		return Transient
	case 500:
		return Transient
	}
	if code < 0 {
		return InvalidRequest
	}
	return None
}

// statusKind judges an answer whose code is absent or unknown. A 400 or 403
// without a code comes from something in front of the API, such as a filter
// that dislikes one member's name: it must neither condemn the member at once
// nor pause the whole site.
func statusKind(status, code int) Kind {
	switch {
	case status == http.StatusUnauthorized:
		return Credentials
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusProxyAuthRequired:
		return Config
	case status >= 300 && status < 400:
		return Config // redirects are not followed: the base URL is wrong
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return Transient
	case status >= 400 && status < 500 && code != 0:
		return InvalidRequest
	case status == http.StatusRequestEntityTooLarge, status == http.StatusRequestURITooLong,
		status == http.StatusUnsupportedMediaType, status == http.StatusUnprocessableEntity:
		return InvalidRequest
	}
	return Transient
}

// meaning puts a documented code into words; "" for the others.
func meaning(code int) string {
	switch code {
	case 1, 211:
		return "the address is invalid"
	case 100:
		return "the API key is not valid"
	case 101:
		return "there is no such list"
	case 102:
		return "the list or client does not belong to this API key"
	case 120, 121, 122:
		return "the access token is invalid, expired or revoked"
	case 204:
		return "the address is on the suppression list"
	case 205:
		return "the subscriber is deleted"
	case 206:
		return "the subscriber has unsubscribed"
	case 207:
		return "the subscriber has bounced"
	case 208:
		return "the subscriber is unconfirmed"
	case 214, 215:
		return "the consent to track is missing or invalid"
	case 254:
		return "the field's name is invalid"
	case 255:
		return "a field of this name exists"
	}
	return ""
}
