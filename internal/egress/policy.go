package egress

import (
	"errors"
	"fmt"
)

// Policy says which addresses are allowed beyond public ones over https. The
// zero Policy is the strict one.
type Policy struct {
	// AllowPrivate allows loopback, RFC 1918, unique-local, carrier-grade NAT
	// and similar addresses. Metadata services and link-local addresses stay
	// forbidden.
	AllowPrivate bool
	// AllowHTTP allows http besides https.
	AllowHTTP bool
}

// ErrForbiddenAddress is what every refusal of an address or host is, for errors.Is.
var ErrForbiddenAddress = errors.New("forbidden address")

// ErrBadURL is what every refusal of a URL's form is, for errors.Is.
var ErrBadURL = errors.New("bad URL")

// ForbiddenError is a refused address. It names the address alone, never the
// URL, whose path or query may hold a secret.
type ForbiddenError struct {
	Host string // the host or address as it was met
	Why  string // what it is: "a private address", "a metadata service", …
	// Allowable is whether Policy.AllowPrivate would allow it.
	Allowable bool
}

// Error says what was refused and, where something allows it, what to set.
func (e *ForbiddenError) Error() string {
	if !e.Allowable {
		return fmt.Sprintf("%s is %s, which no setting allows", e.Host, e.Why)
	}
	return fmt.Sprintf("%s is %s: if that is intended, set SITEN_GHOST_ALLOW_PRIVATE=true for the Ghost of a site, "+
		"or, in development only, ALLOW_INSECURE_URLS=true", e.Host, e.Why)
}

// Hint is Error. A client that does not know this package finds refusals by
// this method: their cause is the configuration, and their text is safe to show.
func (e *ForbiddenError) Hint() string { return e.Error() }

// Is makes errors.Is(err, ErrForbiddenAddress) true.
func (e *ForbiddenError) Is(target error) bool { return target == ErrForbiddenAddress }

// URLError is a URL that is refused for its form.
type URLError struct {
	Why string // without the URL
}

// Error says what is wrong with the form.
func (e *URLError) Error() string { return "bad URL: " + e.Why }

// Hint is Error, as of a ForbiddenError.
func (e *URLError) Hint() string { return e.Error() }

// Is makes errors.Is(err, ErrBadURL) true.
func (e *URLError) Is(target error) bool { return target == ErrBadURL }

func badURL(why string) error { return &URLError{Why: why} }
