package cli

import (
	"bufio"
	"bytes"
	"io"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

// letterView is a dead letter in --json. A time is null where the letter was
// unreadable.
type letterView struct {
	ID         string     `json:"id"`
	Site       string     `json:"site"`
	Kind       string     `json:"kind"`
	Event      string     `json:"event"`
	MemberID   string     `json:"member_id"`
	EmailHash  string     `json:"email_hash"`
	Email      string     `json:"email,omitempty"` // with --reveal
	Attempts   int        `json:"attempts"`
	Reason     string     `json:"reason"`
	Code       string     `json:"code"`
	ReceivedAt *time.Time `json:"received_at"`
	DiedAt     *time.Time `json:"died_at"`
}

func viewLetter(l jobs.DeadLetter) letterView {
	return letterView{
		ID: l.ID, Site: l.Site, Kind: l.Kind, Event: l.Event, MemberID: l.Key, EmailHash: l.EmailHash,
		Attempts: l.Attempts, Reason: l.Reason, Code: l.Code, ReceivedAt: known(l.ReceivedAt), DiedAt: known(l.DiedAt),
	}
}

func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// moment is a time in a table.
func (a *app) moment(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.In(a.now().Location()).Format(time.DateTime)
}

// jsonList writes one document with one list in it, an element at a time, as
// writeJSON would write the whole.
type jsonList struct {
	out   *bufio.Writer
	name  string
	begun bool
}

func newJSONList(w io.Writer, name string) *jsonList {
	return &jsonList{out: bufio.NewWriter(w), name: name}
}

func (l *jsonList) add(v any) error {
	var element bytes.Buffer
	encoder := jsonTo(&element)
	encoder.SetIndent("    ", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	before := ",\n    "
	if !l.begun {
		before = "{\n  \"" + l.name + "\": [\n    "
	}
	l.begun = true
	_, err := l.out.WriteString(before + string(bytes.TrimSpace(element.Bytes())))
	return err
}

// end closes the document, which is whole only then.
func (l *jsonList) end() error {
	after := "\n  ]\n}\n"
	if !l.begun {
		after = "{\n  \"" + l.name + "\": []\n}\n"
	}
	_, _ = l.out.WriteString(after) // the error comes again with Flush
	return l.out.Flush()
}
