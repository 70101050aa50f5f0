package campaignmonitor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// MaxImport is how many subscribers one import may carry.
const MaxImport = 1000

// Write is what a subscriber should become. Custom fields that it does not
// mention keep their values.
type Write struct {
	Email  string
	Name   string
	Fields []Field
	// KeepName leaves the name as it is; otherwise an empty Name empties it.
	KeepName bool
	// ConsentToTrack is Yes, No or Unchanged; "" is Unchanged. It counts for
	// the address on every list of the client.
	ConsentToTrack string
	// Resubscribe makes an inactive subscriber active again. Import has its own,
	// for all of its subscribers, and ignores this one.
	Resubscribe bool
}

type writeJSON struct {
	EmailAddress   string
	Name           *string     `json:",omitempty"`
	CustomFields   []fieldJSON `json:",omitempty"`
	ConsentToTrack string
}

type fieldJSON struct {
	Key, Value string
	Clear      bool `json:",omitempty"`
}

func (w Write) json() writeJSON {
	j := writeJSON{EmailAddress: w.Email, ConsentToTrack: w.ConsentToTrack}
	if !w.KeepName {
		j.Name = &w.Name
	}
	// The API requires it since v3.2 (code 214).
	if j.ConsentToTrack == "" {
		j.ConsentToTrack = "Unchanged"
	}
	for _, f := range w.Fields {
		j.CustomFields = append(j.CustomFields, fieldJSON(f))
	}
	return j
}

// Import is a batch of at most MaxImport subscribers, each address once.
type Import struct {
	Subscribers []Write
	// Resubscribe makes the inactive ones among them active again; without it
	// they are refused, each with the code of its state.
	Resubscribe bool
	// QueueAutoresponders starts the list's "subscriber joins" automations for new subscribers.
	QueueAutoresponders bool
}

// ImportResult is what an import did.
type ImportResult struct {
	New        int
	Existing   int
	Failures   []ImportFailure
	Duplicates int // addresses that the batch had more than once
}

// ImportFailure is one subscriber that the API refused.
type ImportFailure struct {
	Email string
	Code  int // as of a single write: 1, 204 to 208, 214 …
}

// Err returns the refusal as the *Error that a single write would have got.
func (f ImportFailure) Err() error {
	return &Error{Op: OpImport, Status: http.StatusBadRequest, Code: f.Code, perSubscriber: f.Code == http.StatusTooManyRequests}
}

type importJSON struct {
	TotalExistingSubscribers    int
	TotalNewSubscribers         int
	DuplicateEmailsInSubmission elements[text]
	FailureDetails              elements[struct {
		EmailAddress text
		Code         int
	}]
}

func (j importJSON) result() ImportResult {
	r := ImportResult{New: j.TotalNewSubscribers, Existing: j.TotalExistingSubscribers, Duplicates: len(j.DuplicateEmailsInSubmission)}
	for _, f := range j.FailureDetails {
		r.Failures = append(r.Failures, ImportFailure{Email: string(f.EmailAddress), Code: f.Code})
	}
	return r
}

// checked returns the result unless it accounts for nobody.
func (j importJSON) checked(status, sent int) (ImportResult, error) {
	r := j.result()
	if sent > 0 && r.New+r.Existing+len(r.Failures) == 0 {
		return ImportResult{}, unreadable(OpImport, status)
	}
	return r, nil
}

// Import creates and updates subscribers; when it returns, all are written and
// readable. Refused ones are in the result and no error: the others were written.
func (c *Client) Import(ctx context.Context, list string, i Import) (ImportResult, error) {
	body := struct {
		Subscribers                            []writeJSON
		Resubscribe                            bool
		QueueSubscriptionBasedAutoResponders   bool
		RestartSubscriptionBasedAutoresponders bool
	}{Resubscribe: i.Resubscribe, QueueSubscriptionBasedAutoResponders: i.QueueAutoresponders}
	for _, w := range i.Subscribers {
		body.Subscribers = append(body.Subscribers, w.json())
	}
	r := request{op: OpImport, method: http.MethodPost, path: subscribersPath(list) + "/import", body: body, timeout: importTimeout}
	var done importJSON
	a, err := c.call(ctx, r, &done)
	if err == nil {
		return done.checked(a.status, len(i.Subscribers))
	}
	if partial, ok := partialImport(a.body, err); ok {
		return partial, nil
	}
	return ImportResult{}, err
}

// partialImport reads the details of a refusal with code 210. Details that name
// no failure would make the refusal look like a success, so they do not count.
func partialImport(body []byte, err error) (ImportResult, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != 210 {
		return ImportResult{}, false
	}
	var details struct{ ResultData json.RawMessage }
	var j importJSON
	if decode(body, &details) != nil || decode(details.ResultData, &j) != nil || len(j.FailureDetails) == 0 {
		return ImportResult{}, false
	}
	return j.result(), true
}
