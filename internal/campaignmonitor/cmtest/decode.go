package cmtest

import (
	"encoding/json"
	"errors"
	"strings"
)

// str is a property that must be a string; null is empty. Anything else is what
// the real API cannot deserialize (createsend-php#109). Whether it was there at
// all is kept by a pointer to it.
type str string

// UnmarshalJSON reads a string or null.
func (v *str) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*v = str(s)
	return nil
}

// flag is a boolean, which some clients send as a string.
type flag bool

// UnmarshalJSON reads true, false, null, or the first two as strings.
func (v *flag) UnmarshalJSON(b []byte) error {
	switch strings.ToLower(strings.Trim(string(b), `"`)) {
	case "true":
		*v = true
	case "false", "null", "":
		*v = false
	default:
		return errors.New("not a boolean")
	}
	return nil
}

// writeBody is a subscriber as add, update and import send it. Property names
// are independent of case, as encoding/json reads them.
type writeBody struct {
	EmailAddress                           str
	Name                                   *str
	MobileNumber                           *str
	CustomFields                           []fieldBody
	Resubscribe                            flag
	RestartSubscriptionBasedAutoresponders flag
	ConsentToTrack                         str
	ConsentToSendSms                       str
}

type fieldBody struct {
	Key, Value str
	Clear      flag
}

type importBody struct {
	Subscribers                            []writeBody
	Resubscribe                            flag
	QueueSubscriptionBasedAutoResponders   flag
	RestartSubscriptionBasedAutoresponders flag
}
