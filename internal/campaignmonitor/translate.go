package campaignmonitor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// unconfirmed is the code of a subscriber who has yet to confirm.
const unconfirmed = 208

// Shape is how a list takes the facts of members.
type Shape struct {
	Layout member.Layout
	// Missing are the fields, by their configured names, that the list should have
	// and does not, or has with a type that takes no such fact.
	Missing []string
	// ConfirmedOptIn lists make added people Unconfirmed and mail each of them.
	ConfirmedOptIn bool
}

// Shape asks where a list keeps facts; names are the names of the custom fields
// of the facts to keep. Facts that are optional are left out where the list has
// no field for them.
func (c *Client) Shape(ctx context.Context, list string, names map[member.Fact]string) (Shape, error) {
	settings, err := c.List(ctx, list)
	if err != nil {
		return Shape{}, err
	}
	fields, err := c.Fields(ctx, list)
	if err != nil {
		return Shape{}, err
	}
	s := Shape{
		Layout: member.Layout{
			ListID: list, Columns: map[member.Fact]member.Column{},
			RemoveByDelete: settings.UnsubscribeSetting == AllClientLists,
		},
		ConfirmedOptIn: settings.ConfirmedOptIn,
	}
	byName := map[string]CustomField{}
	for _, f := range fields {
		byName[NormalizeKey(f.Key)] = f
	}
	for _, fact := range slices.Sorted(maps.Keys(names)) {
		f, exists := byName[NormalizeKey(names[fact])]
		switch {
		case exists && (f.DataType == "Text" || f.DataType == "Date"):
			s.Layout.Columns[fact] = member.Column{Key: f.Key, Date: f.DataType == "Date"}
		case exists || !optional(fact):
			s.Missing = append(s.Missing, names[fact])
		}
	}
	return s, nil
}

// optional facts are written where the list has a field for them.
func optional(fact member.Fact) bool {
	return fact == member.FactTiers || fact == member.FactNewsletters
}

// WriteOf is the write that a step of a member's case asks for.
func WriteOf(s member.Step, consentToTrack string) Write {
	w := Write{
		Email: s.Want.Email, Name: s.Want.Name.Value, KeepName: !s.Want.Name.Known,
		ConsentToTrack: consentToTrack, Resubscribe: s.Resubscribe,
	}
	for _, v := range s.Want.Values {
		w.Fields = append(w.Fields, Field{Key: v.Key, Value: v.Value, Clear: v.Value == ""})
	}
	return w
}

// Answer sorts out the refusals that decisions about a member depend on. It
// returns every other error as it is.
func Answer(err error) (member.Result, error) {
	switch KindOf(err) {
	case NotOnList:
		return member.Result{Answer: member.Absent}, nil
	case AlreadyOnList:
		return member.Result{Answer: member.Occupied}, nil
	case InvalidAddress:
		return member.Result{Answer: member.BadAddress}, nil
	case OptedOut:
		return optedOut(err), nil
	}
	return member.Result{}, err
}

func optedOut(err error) member.Result {
	var refusal *Error
	errors.As(err, &refusal)
	if refusal.Code == unconfirmed {
		return member.Result{Answer: member.Unconfirmed}
	}
	return member.Result{Answer: member.OptedOut, Code: strconv.Itoa(refusal.Code)}
}

// SameClock is when date was, if present is now; zero if either is no time: an
// opt-out then stays.
func SameClock(present, date string, now time.Time) time.Time {
	p, err := time.Parse(time.DateTime, present)
	if err != nil {
		return time.Time{}
	}
	d, err := time.Parse(time.DateTime, date)
	if err != nil {
		return time.Time{}
	}
	return now.Add(d.Sub(p))
}
