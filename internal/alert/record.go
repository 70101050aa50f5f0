package alert

import (
	"encoding/json"
	"time"
)

// Status is what a message says of its alert.
type Status string

// What a message says.
const (
	Open     Status = "open"
	Resolved Status = "resolved"
)

const (
	// quietFor is how long an alert is not told again.
	quietFor = 15 * time.Minute
	// sendingFor is how long a process may take to deliver a message; then it counts
	// as dead, and another one sends the same.
	sendingFor = 2 * time.Minute
	// forgetAfter is how long what lasts is kept of a site that nobody looks at any more.
	forgetAfter = 24 * time.Hour
)

// record is what the processes know together of one alert of one site. Its
// methods change a copy, and no clock is looked at: so it can be swapped for the
// one that was read, and tried in tests without Redis.
type record struct {
	Lasts   bool      `json:"lasts,omitempty"`
	Changed time.Time `json:"changed,omitzero"` // when it began or ended to last

	// What is not told yet: how often it happened or began, since when, and how it was
	// the last time.
	Count  int       `json:"count,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Detail string    `json:"detail,omitempty"`

	Told    Status    `json:"told,omitempty"`
	ToldAt  time.Time `json:"told_at,omitzero"` // when it was last told to be open
	Retry   time.Time `json:"retry,omitzero"`   // not to be sent before
	Sending *message  `json:"sending,omitempty"`
}

// message is one that is being delivered, and what was told before it.
type message struct {
	ID     string    `json:"id"`
	Status Status    `json:"status"`
	Count  int       `json:"count"`
	Since  time.Time `json:"since"`
	Detail string    `json:"detail,omitempty"`
	Until  time.Time `json:"until"`

	Before   Status    `json:"before,omitempty"`
	BeforeAt time.Time `json:"before_at,omitzero"`
}

func decode(kept string) record {
	var r record
	if err := json.Unmarshal([]byte(kept), &r); err != nil {
		return record{} // as nothing: what somebody broke must not end all alerts
	}
	return r
}

func (r record) encode() string {
	kept, _ := json.Marshal(r) // of plain fields: it cannot fail
	return string(kept)
}

// happened adds what happened n times.
func (r record) happened(n int, at time.Time, detail string) record {
	if r.Count == 0 || at.Before(r.Since) {
		r.Since = at
	}
	r.Count += n
	r.Detail = detail
	return r
}

// began notes that it lasts from now on.
func (r record) began(at time.Time, detail string) record {
	if r.Lasts {
		return r
	}
	r = r.happened(1, at, detail)
	r.Lasts, r.Changed = true, at
	return r
}

// ended notes that it does not last any more.
func (r record) ended(at time.Time) record {
	if r.Lasts {
		r.Lasts, r.Changed = false, at
	}
	return r
}

// news is what a person does not know yet; "" for nothing.
func (r record) news(k Kind) Status {
	switch {
	case k.happens() && r.Count > 0, !k.happens() && r.Lasts && r.Told != Open:
		return Open
	case !k.happens() && !r.Lasts && r.Told == Open:
		return Resolved
	}
	return ""
}

// due says what is to be sent now; "" for nothing.
func (r record) due(k Kind, now time.Time) Status {
	if now.Before(r.Retry) || r.Sending != nil && now.Before(r.Sending.Until) {
		return ""
	}
	news := r.news(k)
	switch {
	case r.Sending != nil && (news == "" || k.happens()):
		return r.Sending.Status // its sender died
	case news == Open && !r.ToldAt.IsZero() && now.Before(r.ToldAt.Add(quietFor)):
		return ""
	}
	return news
}

// claimed takes what is due for one sender. A message whose sender died keeps its
// id, as long as it is still true.
func (r record) claimed(k Kind, now time.Time, id string) record {
	status := r.due(k, now)
	if again := r.Sending; again != nil && again.Status == status {
		same := *again
		same.Until = now.Add(sendingFor)
		r.Sending = &same
		return r
	}
	r.Sending = &message{
		ID: id, Status: status, Count: r.Count, Since: r.Since, Detail: r.Detail, Until: now.Add(sendingFor),
		Before: r.Told, BeforeAt: r.ToldAt,
	}
	if status == Resolved {
		r.Sending.Since = r.Changed
	}
	r.Told, r.Count = status, 0
	if status == Open {
		r.ToldAt = now
	}
	return r
}

// delivered ends a message, if it is still the one.
func (r record) delivered(id string) record {
	if r.Sending != nil && r.Sending.ID == id {
		r.Sending, r.Retry = nil, time.Time{}
	}
	return r
}

// failed gives a message back, to be tried again at the given time.
func (r record) failed(id string, retry time.Time) record {
	m := r.Sending
	if m == nil || m.ID != id {
		return r
	}
	if m.Count > 0 {
		r.Since = m.Since
	}
	if r.Count == 0 {
		r.Detail = m.Detail
	}
	r.Count += m.Count
	r.Told, r.ToldAt, r.Retry, r.Sending = m.Before, m.BeforeAt, retry, nil
	return r
}

// over says whether nothing is lost if the record is forgotten. known is whether
// somebody still looks at the site.
func (r record) over(k Kind, now time.Time, known bool) bool {
	if r.Lasts && !known && now.Sub(r.Changed) > forgetAfter {
		return true
	}
	return !r.Lasts && r.Sending == nil && r.news(k) == "" && now.Sub(r.ToldAt) > quietFor && now.Sub(r.Changed) > quietFor
}
