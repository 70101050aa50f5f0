package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// madeUp begins the addresses of all runs: what an earlier one left is nobody's.
const madeUp = "ghostcm-contract-"

// The reasons not to begin.
var (
	ErrNoList     = errors.New("the list cannot be read; check CM_API_KEY and CM_LIST_ID")
	ErrNoTestList = errors.New(`the name of the list does not contain "test": make a list of its own for this`)
	ErrInUse      = errors.New("the list is not empty: make a list of its own for this")
	ErrMailsAll   = errors.New("the list asks new subscribers to confirm, which sends mail: make one with single opt-in")
)

type listView struct {
	ListID, Title, UnsubscribeSetting string
	ConfirmedOptIn                    bool
}

// states are the ones that lists can be asked for.
var states = [...]string{"active", "unconfirmed", "unsubscribed", "bounced", "deleted"}

// admit refuses a list that somebody may need.
func (s *session) admit(ctx context.Context) error {
	a, err := s.call(ctx, request{method: http.MethodGet, path: "/lists/" + url.PathEscape(s.ListID) + ".json"})
	switch {
	case err != nil:
		return err
	case a.status != http.StatusOK || json.Unmarshal(a.body, &s.list) != nil:
		return fmt.Errorf("%w (HTTP %d, code %d)", ErrNoList, a.status, a.code)
	case !strings.Contains(strings.ToLower(s.list.Title), "test"):
		return ErrNoTestList
	case s.list.ConfirmedOptIn:
		return ErrMailsAll
	}
	for _, state := range states {
		page, err := s.page(ctx, state)
		if err != nil {
			return err
		}
		if page.TotalNumberOfRecords > len(page.Results) || page.strangers() {
			return ErrInUse
		}
	}
	return nil
}

type pageView struct {
	Results              []subscriberView
	TotalNumberOfRecords int
}

func (p pageView) strangers() bool {
	for _, sub := range p.Results {
		if !strings.HasPrefix(strings.ToLower(sub.EmailAddress), madeUp) {
			return true
		}
	}
	return false
}

// page reads the first 1,000 subscribers of a state.
func (s *session) page(ctx context.Context, state string) (p pageView, err error) {
	a, err := s.call(ctx, request{method: http.MethodGet, path: s.fill("/lists/{list}/"+state+".json?pagesize=1000", nil)})
	if err != nil {
		return p, err
	}
	if a.status != http.StatusOK || json.Unmarshal(a.body, &p) != nil {
		return p, fmt.Errorf("%w (its %s subscribers: HTTP %d, code %d)", ErrNoList, state, a.status, a.code)
	}
	return p, nil
}

// furniture are the custom fields that facts are about, by placeholder.
var furniture = []struct{ placeholder, name, definition string }{
	{"{text}", "Ghostcm {run} text", `"DataType":"Text","Options":[]`},
	{"{day}", "Ghostcm {run} day", `"DataType":"Date"`},
	{"{many}", "Ghostcm {run} many", `"DataType":"MultiSelectMany","Options":["magic","walks","tea"]`},
}

// furnish makes the fields; what the API calls them is kept.
func (s *session) furnish(ctx context.Context) error {
	for _, f := range furniture {
		name := strings.ReplaceAll(f.name, "{run}", s.run)
		a, err := s.call(ctx, request{
			method: http.MethodPost, path: s.fill("/lists/{list}/customfields.json", nil),
			body: `{"FieldName":"` + name + `",` + f.definition + `,"VisibleInPreferenceCenter":false}`,
		})
		if err != nil {
			return err
		}
		var key string
		if a.status != http.StatusCreated || json.Unmarshal(a.body, &key) != nil {
			return fmt.Errorf("a custom field cannot be made (HTTP %d, code %d)", a.status, a.code)
		}
		s.fields[f.placeholder] = key
	}
	return nil
}
