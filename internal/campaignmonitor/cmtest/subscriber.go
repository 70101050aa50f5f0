package cmtest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

type subscriber struct {
	email, name, state string
	changed, joined    time.Time // of the state; of the list
	mobile             string
	values             map[*field][]string
	automations        int // how often "joins the list" started
}

func active(state string) bool { return state == "Active" }

// move puts a subscriber into a state and dates the change.
func (s *Server) move(l *list, sub *subscriber, state string) {
	if sub.state == state {
		return
	}
	sub.state, sub.changed = state, s.now()
	l.version++
}

// addressPattern is stricter than the mail standards, as the API is: one @, a
// dot in the domain, no spaces.
var addressPattern = regexp.MustCompile(`^[^\s\x00-\x1f@<>,;:"()\[\]\\]+@[^\s@<>,;:"()\[\]\\.]+(\.[^\s@<>,;:"()\[\]\\.]+)+$`)

func validAddress(email string) bool {
	return len(email) <= 254 && addressPattern.MatchString(email) && !strings.Contains(email, "..")
}

var mobilePattern = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// checkWrite refuses what is wrong with a write whatever the subscriber is.
// badAddress is the code for an address that is none.
func checkWrite(b writeBody, badAddress int) (code int, message string) {
	badMobile := b.MobileNumber != nil && *b.MobileNumber != "" && !mobilePattern.MatchString(string(*b.MobileNumber))
	badEmail := !validAddress(string(b.EmailAddress))
	switch {
	case badEmail && badMobile:
		return 221, "Invalid email address and mobile number"
	case badEmail && badAddress == 211:
		return 211, "Invalid New Email Address"
	case badEmail:
		return badAddress, "Invalid Email Address"
	case badMobile:
		return 220, "Invalid mobile number"
	case b.ConsentToTrack == "":
		return 214, "ConsentToTrack must be supplied"
	case !slices.Contains([]string{"yes", "no", "unchanged"}, strings.ToLower(string(b.ConsentToTrack))):
		return 215, "ConsentToTrack must be Yes, No or Unchanged"
	}
	return 0, ""
}

// checkState refuses to add someone who is inactive or suppressed.
func (s *Server) checkState(l *list, email string) (code int, message string) {
	sub := l.subscribers[s.key(email)]
	if sub == nil {
		if _, suppressed := s.suppressed[l.client][s.key(email)]; suppressed && l.suppresses() {
			return 204, "In Suppression List"
		}
		return 0, ""
	}
	switch sub.state {
	case "Active":
		return 0, ""
	case "Deleted":
		return 205, "Is Deleted"
	case "Unsubscribed":
		return 206, "Is Unsubscribed"
	case "Bounced":
		return 207, "Is Bounced"
	case "Unconfirmed":
		return 208, "Is Unconfirmed"
	}
	return 204, "In Suppression List"
}

// writeFlags are the parts of a write that belong to a whole import.
type writeFlags struct{ resubscribe, automations, restart bool }

// put adds a subscriber or updates an existing one; fresh says that it was added.
func (s *Server) put(c *call, l *list, b writeBody, o writeFlags) (fresh bool, code int, message string) {
	if code, message = checkWrite(b, 1); code != 0 {
		return false, code, message
	}
	email := string(b.EmailAddress)
	if !o.resubscribe {
		if code, message = s.checkState(l, email); code != 0 {
			return false, code, message
		}
	}
	sub := l.subscribers[s.key(email)]
	if sub == nil {
		sub, fresh = s.join(l, email), true
		if o.automations {
			sub.begin()
		}
		s.event(l, sub, "Subscribe", "")
	} else {
		s.reactivate(l, sub, o.restart)
		s.event(l, sub, "Update", sub.email)
	}
	s.overwrite(c, l, sub, b)
	return fresh, 0, ""
}

// join makes a new subscriber.
func (s *Server) join(l *list, email string) *subscriber {
	sub := &subscriber{email: email, state: "Active", changed: s.now(), joined: s.now(), values: map[*field][]string{}}
	if l.confirmedOptIn {
		sub.state = "Unconfirmed"
	}
	l.subscribers[s.key(email)] = sub
	l.version++
	return sub
}

// begin starts the "joins the list" automations, which an unconfirmed
// subscriber has to wait for.
func (sub *subscriber) begin() {
	if active(sub.state) {
		sub.automations++
	}
}

// reactivate makes an inactive subscriber active; an unconfirmed one still has
// to confirm. The address stays on the suppression list.
func (s *Server) reactivate(l *list, sub *subscriber, restart bool) {
	if active(sub.state) || sub.state == "Unconfirmed" {
		return
	}
	_, suppressed := s.suppressed[l.client][s.key(sub.email)]
	s.record.reactivations = append(s.record.reactivations, Reactivation{
		List: l.id, Email: sub.email, From: sub.state, Suppressed: suppressed,
	})
	s.move(l, sub, "Active")
	if restart {
		sub.begin()
	}
}

// overwrite takes over what a write mentions and leaves the rest.
func (s *Server) overwrite(c *call, l *list, sub *subscriber, b writeBody) {
	if b.Name != nil {
		sub.name = s.clean(c, "Name", string(*b.Name))
	}
	if b.MobileNumber != nil {
		sub.mobile = string(*b.MobileNumber)
	}
	s.setFields(c, l, sub, b.CustomFields)
	s.setConsent(l, sub.email, string(b.ConsentToTrack))
	l.version++
}

// setConsent counts for every list of the client; Unchanged consents for an
// address that was never seen.
func (s *Server) setConsent(l *list, email, consent string) {
	all, key := s.consent[l.client], s.key(email)
	switch strings.ToLower(consent) {
	case "yes":
		all[key] = "Yes"
	case "no":
		all[key] = "No"
	default:
		if all[key] == "" {
			all[key] = "Yes"
		}
	}
}
