package ghost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ghostcm/ghostcm/internal/member"
)

// ErrInvalidMember says that Ghost showed a member that cannot be read. It
// concerns that one record.
var ErrInvalidMember = errors.New("member is not as Ghost describes one")

var errWrongType = fmt.Errorf("%w: a value has the wrong type", ErrInvalidMember)

// maxEmail is the longest address in characters (RFC 5321); Ghost stores 191.
const maxEmail = 254

// memberJSON is Ghost's member, the keys that matter. Webhooks and the Admin
// API share it, except that only the Admin API has email_suppression.
type memberJSON struct {
	ID          string               `json:"id"`
	Email       *string              `json:"email"`
	Name        member.Maybe[string] `json:"name"` // null: known to have none
	Status      *string              `json:"status"`
	CreatedAt   timestamp            `json:"created_at"`
	UpdatedAt   timestamp            `json:"updated_at"`
	Labels      []named              `json:"labels"`
	Tiers       []named              `json:"tiers"`
	Newsletters []named              `json:"newsletters"`
	Subscribed  *bool                `json:"subscribed"`
	Suppression *struct {
		Suppressed *bool `json:"suppressed"`
	} `json:"email_suppression"`

	broken bool // could not be decoded; only the id may be known
}

type named struct {
	Name   string `json:"name"`
	Status string `json:"status"` // of newsletters: active or archived
}

// decodeMember reads one member. What is missing stays unknown; only a null
// name is known to be empty. Errors of encoding/json are dropped because they
// quote their input.
func decodeMember(raw []byte) (memberJSON, error) {
	var m memberJSON
	if err := json.Unmarshal(raw, &m); err != nil {
		return memberJSON{}, errWrongType
	}
	return m, nil
}

// facts returns what the record says of a whole member, which needs an id.
func (m memberJSON) facts() (member.Facts, error) {
	if !ValidID(m.ID) {
		return member.Facts{}, fmt.Errorf("%w: id is not 24 hex digits", ErrInvalidMember)
	}
	f := member.Facts{
		ID:          m.ID,
		Email:       m.email(),
		Name:        m.Name,
		Status:      known(m.Status),
		CreatedAt:   m.CreatedAt.maybe(),
		UpdatedAt:   m.UpdatedAt.maybe(),
		Labels:      names(m.Labels),
		Tiers:       names(m.Tiers),
		Newsletters: names(withoutArchived(m.Newsletters)),
		Subscribed:  m.subscribed(),
	}
	if m.Suppression != nil {
		f.Suppressed = known(m.Suppression.Suppressed)
	}
	return f, nil
}

// liveFacts is facts of a member that exists, which also has an address.
func (m memberJSON) liveFacts() (member.Facts, error) {
	if m.broken {
		return member.Facts{ID: m.ID}, errWrongType
	}
	f, err := m.facts()
	if err == nil && !f.Email.Known {
		return member.Facts{ID: f.ID}, fmt.Errorf("%w: email is missing or no address", ErrInvalidMember)
	}
	return f, err
}

// email is unknown if it cannot be an address.
func (m memberJSON) email() member.Maybe[string] {
	if m.Email == nil || !validEmail(*m.Email) {
		return member.Maybe[string]{}
	}
	return member.Some(*m.Email)
}

// subscribed follows Ghost: a member is subscribed to something when at least
// one newsletter is on. Deletes and the keys before an edit have only the list.
func (m memberJSON) subscribed() member.Maybe[bool] {
	if m.Subscribed != nil {
		return member.Some(*m.Subscribed)
	}
	if m.Newsletters == nil {
		return member.Maybe[bool]{}
	}
	return member.Some(len(withoutArchived(m.Newsletters)) > 0)
}

// withoutArchived drops the newsletters that are no longer sent.
func withoutArchived(all []named) []named {
	if all == nil {
		return nil
	}
	kept := make([]named, 0, len(all))
	for _, n := range all {
		if n.Status != "archived" {
			kept = append(kept, n)
		}
	}
	return kept
}

func names(list []named) member.Maybe[[]string] {
	if list == nil {
		return member.Maybe[[]string]{}
	}
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Name
	}
	return member.Some(out)
}

func known[T any](p *T) member.Maybe[T] {
	if p == nil {
		return member.Maybe[T]{}
	}
	return member.Some(*p)
}

// timestamp is a time as Ghost writes it: RFC 3339 text, or on SQLite sometimes
// milliseconds. Text in another form is unknown rather than an error: a date
// that cannot be read is no reason to lose an event.
type timestamp struct{ time.Time }

func (t *timestamp) UnmarshalJSON(b []byte) error {
	if len(b) > 1 && b[0] == '"' {
		if at, err := time.Parse(time.RFC3339Nano, string(b[1:len(b)-1])); err == nil {
			t.Time = at.UTC()
		}
		return nil
	}
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	ms, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return ErrInvalidMember
	}
	t.Time = time.UnixMilli(ms).UTC()
	return nil
}

func (t timestamp) maybe() member.Maybe[time.Time] {
	if t.IsZero() {
		return member.Maybe[time.Time]{}
	}
	return member.Some(t.Time)
}

// ValidID says whether id has the form of a Ghost id, 24 lower-case hex digits.
func ValidID(id string) bool {
	return len(id) == 24 && strings.Trim(id, "0123456789abcdef") == ""
}

// validEmail refuses what could be no address at all; Ghost has validated the
// rest, and allows more than most (quoted local parts, Unicode).
func validEmail(email string) bool {
	return strings.TrimSpace(email) != "" &&
		utf8.RuneCountInString(email) <= maxEmail &&
		strings.IndexFunc(email, unicode.IsControl) < 0
}
