package ghost

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ghostcm/ghostcm/internal/member"
)

// What ParseWebhook may find wrong with a body. Errors never hold payload text.
var (
	ErrInvalidPayload = errors.New("webhook body is not a member event")
	ErrUnknownEvent   = errors.New("webhook is of an event that is not handled")
)

// Delivery is a parsed webhook body.
type Delivery struct {
	Event member.Event // SentAt is zero: it is in the signature, see Verify
	// Contradicted is whether the query named another event than the body. The
	// body won, because it is signed and the query is not. It means that the
	// webhook was registered in Ghost with the URL of another event.
	Contradicted bool
}

// ParseWebhook reads the body of a webhook whose signature was verified.
//
// The event comes from the body's `event` key (Ghost 6.47 and newer), else from
// queryEvent, which may be empty, else from the shape: a delete has an empty
// `current`, an add an empty `previous`. Some old edits have an empty
// `previous` too and then read as an add, which asks for the same state.
//
// The facts of a delete are the member's last ones, from `previous`. It returns
// ErrUnknownEvent or ErrInvalidPayload. Unknown keys are ignored, missing keys
// stay unknown.
func ParseWebhook(body []byte, queryEvent string) (Delivery, error) {
	envelope, err := decodeEnvelope(body)
	if err != nil {
		return Delivery{}, err
	}
	hook, err := envelope.name(queryEvent)
	if err != nil {
		return Delivery{}, err
	}
	if hook.Event.Type == member.Deleted {
		hook.Event.Facts, err = lastFacts(envelope.Member.Previous)
	} else {
		hook.Event.Facts, hook.Event.Previous, err = editFacts(*envelope.Member.Current, envelope.Member.Previous)
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("%w: %w", ErrInvalidPayload, err)
	}
	return hook, nil
}

type envelopeJSON struct {
	Event  *string `json:"event"`
	Member struct {
		Current  *memberJSON     `json:"current"` // read along, being most of the body
		Previous json.RawMessage `json:"previous"`
	} `json:"member"`

	gone bool // current has no keys
}

// decodeEnvelope reads all but `previous`. The event comes first, so that the
// webhook of a post or page is told apart from a broken one.
func decodeEnvelope(body []byte) (envelopeJSON, error) {
	var e envelopeJSON
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("%w: it is no JSON object of Ghost's form", ErrInvalidPayload)
	}
	if e.Event != nil {
		if _, ok := member.ParseEventType(*e.Event); !ok {
			return e, ErrUnknownEvent
		}
	}
	if e.Member.Current == nil || !isObject(e.Member.Previous) {
		return e, fmt.Errorf("%w: member.current or member.previous is no object", ErrInvalidPayload)
	}
	if e.gone = e.Member.Current.ID == "" && emptyCurrent(body); e.gone && isEmpty(e.Member.Previous) {
		return e, fmt.Errorf("%w: no event has an empty current and an empty previous", ErrInvalidPayload)
	}
	return e, nil
}

// emptyCurrent says whether member.current has no keys at all. Only of a member
// without an id, which is nearly always one that was deleted, it is asked.
func emptyCurrent(body []byte) bool {
	var e struct {
		Member struct {
			Current json.RawMessage `json:"current"`
		} `json:"member"`
	}
	return json.Unmarshal(body, &e) == nil && isObject(e.Member.Current) && isEmpty(e.Member.Current)
}

// name decides which event the webhook is of.
func (e envelopeJSON) name(queryEvent string) (Delivery, error) {
	queried, queryKnown := member.ParseEventType(queryEvent)
	if e.Event != nil {
		named, _ := member.ParseEventType(*e.Event)
		if (named == member.Deleted) != e.gone {
			return Delivery{}, fmt.Errorf("%w: current does not fit the event", ErrInvalidPayload)
		}
		return Delivery{Event: member.Event{Type: named}, Contradicted: queryEvent != "" && queried != named}, nil
	}
	if queryEvent != "" && !queryKnown {
		return Delivery{}, ErrUnknownEvent
	}
	shape := e.shape()
	if queryEvent == "" || contradicts(queried, shape) {
		return Delivery{Event: member.Event{Type: shape}, Contradicted: queryEvent != ""}, nil
	}
	return Delivery{Event: member.Event{Type: queried}}, nil
}

func (e envelopeJSON) shape() member.EventType {
	switch {
	case e.gone:
		return member.Deleted
	case isEmpty(e.Member.Previous):
		return member.Added
	}
	return member.Edited
}

// contradicts says whether a body of this shape cannot be of the queried event.
// An edit may look like an add: Ghost 5 leaves changed tiers out of `previous`.
func contradicts(queried, shape member.EventType) bool {
	return queried != shape && (queried != member.Edited || shape != member.Added)
}

func lastFacts(previous []byte) (member.Facts, error) {
	m, err := decodeMember(previous)
	if err != nil {
		return member.Facts{}, err
	}
	return m.facts()
}

func editFacts(now memberJSON, previous []byte) (member.Facts, member.Previous, error) {
	before, err := decodeMember(previous)
	if err != nil {
		return member.Facts{}, member.Previous{}, err
	}
	facts, err := now.liveFacts()
	if err != nil {
		return member.Facts{}, member.Previous{}, err
	}
	return facts, member.Previous{
		Email:      before.email(),
		Status:     known(before.Status),
		Subscribed: before.subscribed(),
	}, nil
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// isEmpty says whether a JSON object has no keys.
func isEmpty(object json.RawMessage) bool {
	for _, c := range object[1:] {
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			return c == '}'
		}
	}
	return false
}
