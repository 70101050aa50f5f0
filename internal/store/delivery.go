package store

import (
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

// Receipt says where an accepted delivery went.
type Receipt struct {
	// JobID is the job that will carry the delivery: a new one, or the one that
	// was already waiting for the same member.
	JobID string
	// Coalesced is whether the delivery joined a job that was already waiting.
	Coalesced bool
}
