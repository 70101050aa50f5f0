package jobs

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Spec is a job to be enqueued. Every field is kept as a string on the wire:
// the library's retries pass through Redis' Lua, which damages large numbers
// and empty lists.
type Spec struct {
	ID               string // empty: a new one is made
	Kind, Site, Key  string
	Event, EmailHash string
	Address          string
	ReceivedAt       time.Time
	// EnqueuedAt is what the age of the queue is measured from; zero is now.
	EnqueuedAt time.Time
}

// Encoded is a job as bytes, for those who push it in a Redis script of their
// own: LPUSH QueueKey Raw, then PUBLISH WakeChannel.
type Encoded struct {
	ID          string
	QueueKey    string
	Raw         string
	WakeChannel string
}

// Encode makes the bytes of a job, the same that the library would write.
func Encode(s Spec) Encoded {
	if s.ID == "" {
		s.ID = newID()
	}
	if s.EnqueuedAt.IsZero() {
		s.EnqueuedAt = time.Now()
	}
	e := entry{Name: jobName, ID: s.ID, EnqueuedAt: s.EnqueuedAt.Unix(), Args: map[string]string{
		argKind: s.Kind, argSite: s.Site, argKey: s.Key,
	}}
	e.set(argEvent, s.Event)
	e.set(argEmailHash, s.EmailHash)
	e.set(argAddress, s.Address)
	if !s.ReceivedAt.IsZero() {
		e.set(argReceivedAt, s.ReceivedAt.UTC().Format(time.RFC3339Nano))
	}
	return Encoded{ID: s.ID, QueueKey: queueKey, Raw: e.encode(), WakeChannel: wakeChannel}
}

// The arguments of a job. Those with an underscore steer its next run.
const (
	argKind       = "kind"
	argSite       = "site"
	argKey        = "key"
	argEvent      = "event"
	argEmailHash  = "email_hash"
	argAddress    = "address"
	argReceivedAt = "received_at"
	argHistory    = "history"  // JSON list of failed attempts
	argAttempts   = "attempts" // of a dead letter
	argCode       = "code"     // of the error that made a dead letter
	argRun        = "replay"   // that revived it
	argNotBefore  = "_at"      // unix milliseconds
	argSlot       = "_slot"    // unix milliseconds
)

// entry is a job on the wire: the library's JSON.
type entry struct {
	Name       string            `json:"name"`
	ID         string            `json:"id"`
	EnqueuedAt int64             `json:"t"`
	Args       map[string]string `json:"args"`
	Fails      int64             `json:"fails,omitempty"`
	Reason     string            `json:"err,omitempty"`
	FailedAt   int64             `json:"failed_at,omitempty"`
}

var errNotAJob = errors.New("entry is not a job")

// decode returns errNotAJob for what no version of Encode made.
func decode(raw string) (entry, error) {
	var e entry
	if err := json.Unmarshal([]byte(raw), &e); err != nil {
		return entry{}, fmt.Errorf("%w: %d bytes that are no job's JSON", errNotAJob, len(raw))
	}
	if e.Name != jobName || e.ID == "" {
		return entry{}, fmt.Errorf("%w: %d bytes without a known name and an id", errNotAJob, len(raw))
	}
	return e, nil
}

func (e *entry) set(arg, value string) {
	if value != "" {
		e.Args[arg] = value
	}
}

func (e *entry) encode() string {
	raw, err := json.Marshal(e)
	if err != nil { // strings and integers always have a JSON form
		panic(err)
	}
	return string(raw)
}

func newID() string {
	var b [12]byte
	rand.Read(b[:]) // never fails, it ends the program instead
	return hex.EncodeToString(b[:])
}

// millis rounds up, so that what waits for it is never early.
func millis(t time.Time) string {
	return strconv.FormatInt(t.Add(time.Millisecond-1).UnixMilli(), 10)
}

// timeOf reads what millis wrote; the zero time for anything else.
func timeOf(millis string) time.Time {
	ms, err := strconv.ParseInt(millis, 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// receivedAt is the zero time where it is missing or unreadable.
func receivedAt(args map[string]string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, args[argReceivedAt])
	if err != nil {
		return time.Time{}
	}
	return t
}
