package campaignmonitor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// The states that the API documents. It may send others (Spam and Suppressed
// were seen), so a State is a string and only Active means active.
const (
	StateActive       = "Active"
	StateUnconfirmed  = "Unconfirmed"
	StateUnsubscribed = "Unsubscribed"
	StateBounced      = "Bounced"
	StateDeleted      = "Deleted"
)

// Subscriber is one person on one list, in whatever state. Times are in the
// client's time zone, without an offset: "2006-01-02 15:04:05".
type Subscriber struct {
	Email          string
	Name           string
	State          string
	Date           string  // when the state last changed
	ListJoinedDate string  // when the address first joined
	Fields         []Field // keys normalised; a field without a value is absent; several values repeat the key
}

// Field is one value of a custom field.
type Field struct {
	Key   string // when writing: as CustomField.Key has it
	Value string // at most 250 characters; dates as yyyy/mm/dd
	Clear bool   // when writing: remove the value instead
}

// NormalizeKey returns the form in which keys of reads and of writes can be
// compared: the API gives a field's key with brackets in one place, without
// them and with the name's spaces in another.
func NormalizeKey(key string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch r {
		case '[', ']', ' ':
			return -1
		}
		return r
	}, key))
}

type subscriberJSON struct {
	EmailAddress, Name, State, Date, ListJoinedDate text
	CustomFields                                    elements[struct{ Key, Value text }]
}

func (j subscriberJSON) subscriber() Subscriber {
	s := Subscriber{Email: string(j.EmailAddress), Name: string(j.Name), State: string(j.State),
		Date: string(j.Date), ListJoinedDate: string(j.ListJoinedDate)}
	for _, f := range j.CustomFields {
		s.Fields = append(s.Fields, Field{Key: NormalizeKey(string(f.Key)), Value: string(f.Value)})
	}
	return s
}

// Subscriber reads one subscriber in any state. An address that was never on
// the list is a NotOnList error.
func (c *Client) Subscriber(ctx context.Context, list, email string) (Subscriber, error) {
	var j subscriberJSON
	err := c.do(ctx, request{op: OpSubscriberRead, method: http.MethodGet, path: subscribersPath(list), query: byEmail(email)}, &j)
	if err != nil {
		return Subscriber{}, err
	}
	if j.EmailAddress == "" || j.State == "" {
		return Subscriber{}, unreadable(OpSubscriberRead, http.StatusOK)
	}
	return j.subscriber(), nil
}

// Update changes the subscriber that currently has the address currentEmail; the
// address becomes w.Email. It never creates (NotOnList) and leaves an inactive
// subscriber inactive unless w.Resubscribe. AlreadyOnList says that w.Email is
// another record of the list. It is not idempotent when the address changes.
func (c *Client) Update(ctx context.Context, list, currentEmail string, w Write) error {
	body := struct {
		writeJSON
		Resubscribe                            bool
		RestartSubscriptionBasedAutoresponders bool
	}{writeJSON: w.json(), Resubscribe: w.Resubscribe}
	r := request{op: OpUpdate, method: http.MethodPut, path: subscribersPath(list), query: byEmail(currentEmail), body: body}
	return c.do(ctx, r, nil)
}

// Unsubscribe opts the address out. On a list whose UnsubscribeSetting is
// AllClientLists it reaches every list of the client and suppresses the address.
func (c *Client) Unsubscribe(ctx context.Context, list, email string) error {
	body := struct{ EmailAddress string }{email}
	return c.do(ctx, request{op: OpUnsubscribe, method: http.MethodPost, path: subscribersPath(list) + "/unsubscribe", body: body}, nil)
}

// Delete moves an active subscriber to the state Deleted: still readable, not
// suppressed, and back only by a write with Resubscribe.
func (c *Client) Delete(ctx context.Context, list, email string) error {
	return c.do(ctx, request{op: OpDelete, method: http.MethodDelete, path: subscribersPath(list), query: byEmail(email)}, nil)
}

func subscribersPath(list string) string { return "/subscribers/" + url.PathEscape(list) }

func byEmail(email string) url.Values { return url.Values{"email": {email}} }
