package webhook

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode"

	"github.com/ghostcm/ghostcm/internal/member"
)

const (
	// maxListBody bounds a body: 1,000 events with every custom field of the
	// person. It is read as a stream, one event at a time.
	maxListBody = 8 << 20
	// maxListEvents is what Campaign Monitor says is the most in one POST.
	maxListEvents = 1000
	maxAddress    = 254 // characters (RFC 5321)
)

// hints are what a body tells: who may have unsubscribed.
type hints struct {
	emails []string // each once
	events int
	late   bool   // the body did not arrive in time
	cut    string // why the rest of the body was left out; "" if nothing was
}

// readHints takes what it can read. Events of types that it does not know are
// no fault.
func readHints(body io.Reader) hints {
	r := hintReader{dec: json.NewDecoder(body), seen: map[string]bool{}}
	switch err := r.read(); {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		r.late = true
	case errors.Is(err, errEnough):
		r.cut = "more events than one request may have"
	case isTooLarge(err):
		r.cut = "the body is too large"
	default:
		r.cut = "the body is not as Campaign Monitor sends it"
	}
	return r.hints
}

var (
	errEnough   = errors.New("enough events")
	errNotAList = errors.New("not the form of a webhook")
)

func isTooLarge(err error) bool {
	_, is := errors.AsType[*http.MaxBytesError](err)
	return is
}

type hintReader struct {
	hints
	dec  *json.Decoder
	seen map[string]bool
}

// read walks through {"Events":[…],"ListID":"…"}.
func (r *hintReader) read() error {
	if err := r.open('{'); err != nil {
		return err
	}
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return err
		}
		if name, _ := key.(string); strings.EqualFold(name, "Events") {
			err = r.readEvents()
		} else {
			err = r.dec.Decode(&struct{}{})
		}
		if err != nil && !isWrongType(err) {
			return err
		}
	}
	_, err := r.dec.Token()
	return err
}

func (r *hintReader) open(delim json.Delim) error {
	token, err := r.dec.Token()
	if err == nil && token != delim {
		err = errNotAList
	}
	return err
}

func (r *hintReader) readEvents() error {
	if err := r.open('['); err != nil {
		return err
	}
	for r.dec.More() {
		if r.events == maxListEvents {
			return errEnough
		}
		var e listEvent
		if err := r.dec.Decode(&e); err != nil && !isWrongType(err) {
			return err
		}
		r.events++
		r.take(e)
	}
	_, err := r.dec.Token()
	return err
}

type listEvent struct{ Type, EmailAddress, State string }

// take keeps who may have unsubscribed. Other ends (Bounced, Deleted) never
// concern Ghost; of an event without a state only a read can tell.
func (r *hintReader) take(e listEvent) {
	key := member.AddressKey(e.EmailAddress)
	leaves := e.Type == "Deactivate" && (e.State == "" || strings.EqualFold(e.State, member.StateUnsubscribed))
	if !leaves || !plausible(e.EmailAddress) || r.seen[key] {
		return
	}
	r.seen[key] = true
	r.emails = append(r.emails, e.EmailAddress)
}

func plausible(email string) bool {
	return strings.Contains(email, "@") && len(email) <= 4*maxAddress && strings.IndexFunc(email, unicode.IsControl) < 0
}

// isWrongType is of a value that was read and has another type than expected:
// the reader is behind it.
func isWrongType(err error) bool {
	_, is := errors.AsType[*json.UnmarshalTypeError](err)
	return is
}
