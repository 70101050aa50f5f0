package store

import (
	"encoding/json"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Delivery is a verified webhook on its way into the inbox.
type Delivery struct {
	Site       string
	EventID    string // made at receipt; follows the event through every log line
	Event      member.Event
	ReceivedAt time.Time
}

// written is a Delivery as JSON: what a file keeps of it.
type written struct {
	Site       string           `json:"site"`
	EventID    string           `json:"event_id"`
	Type       member.EventType `json:"type"`
	MemberID   string           `json:"member_id"`
	Facts      member.Facts     `json:"facts"`
	Previous   member.Previous  `json:"previous"`
	SentAt     time.Time        `json:"sent_at,omitzero"`
	ReceivedAt time.Time        `json:"received_at"`
}

// MarshalJSON writes all there is, with the address in clear.
func (d Delivery) MarshalJSON() ([]byte, error) {
	e := d.Event
	return json.Marshal(written{
		Site: d.Site, EventID: d.EventID, Type: e.Type, MemberID: e.Facts.ID, Facts: e.Facts, Previous: e.Previous,
		SentAt: e.SentAt, ReceivedAt: d.ReceivedAt,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Delivery) UnmarshalJSON(b []byte) error {
	var w written
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	w.Facts.ID = w.MemberID
	event := member.Event{Type: w.Type, Facts: w.Facts, Previous: w.Previous, SentAt: w.SentAt}
	*d = Delivery{Site: w.Site, EventID: w.EventID, Event: event, ReceivedAt: w.ReceivedAt}
	return nil
}

// Receipt says where an accepted delivery went.
type Receipt struct {
	// JobID is the job that will carry the delivery: a new one, or the one that
	// was already waiting for the same member.
	JobID string
	// Coalesced is whether the delivery joined a job that was already waiting.
	Coalesced bool
}
