package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The steps that many facts share. A write is an import of one, as ghostcm makes it.

// join imports one subscriber; fields is the JSON of its custom fields.
func join(who, fields string) step {
	return step{request: request{
		method: http.MethodPost, path: importing,
		body: fmt.Sprintf(`{"Subscribers":[{"EmailAddress":"%s","Name":"Made Up","CustomFields":[%s],"ConsentToTrack":"Unchanged"}],`+
			`"Resubscribe":false}`, who, fields),
	}, status: http.StatusCreated}
}

const importing = "/subscribers/{list}/import.json"

// again is join of somebody who may be inactive.
func again(who string) step {
	st := join(who, "")
	st.body = resubscribing(st.body)
	return st
}

func resubscribing(body string) string {
	return strings.Replace(body, `"Resubscribe":false`, `"Resubscribe":true`, 1)
}

// refused is an import of one that gets nobody in.
func refused(who string, code int) step {
	st := join(who, "")
	st.status, st.code = http.StatusBadRequest, 210
	st.see = func(a answer) string {
		if got := codeIn(a); got != code {
			return fmt.Sprintf("the failure has code %d; expected %d", got, code)
		}
		return ""
	}
	return st
}

// update is a PUT of {a}; fields is as of join.
func update(to, fields string) step {
	return step{request: request{
		method: http.MethodPut, path: "/subscribers/{list}.json?email={a}",
		body: `{"EmailAddress":"` + to + `","CustomFields":[` + fields + `],"Resubscribe":false,"ConsentToTrack":"Unchanged"}`,
	}, status: http.StatusOK, see: empty}
}

func unsubscribe(who string) step {
	return step{request: request{
		method: http.MethodPost, path: "/subscribers/{list}/unsubscribe.json", body: `{"EmailAddress":"` + who + `"}`,
	}, status: http.StatusOK, see: empty}
}

func remove(who string) step {
	return step{
		request: request{method: http.MethodDelete, path: "/subscribers/{list}.json?email=" + who},
		status:  http.StatusOK, see: empty,
	}
}

func get(path string, see func(answer) string) step {
	return step{request: request{method: http.MethodGet, path: path}, status: http.StatusOK, see: see}
}

// shows reads one subscriber; see says how it differs.
func shows(who string, see func(v subscriberView) string) step {
	return get("/subscribers/{list}.json?email="+who+"&includetrackingpreference=true", func(a answer) string {
		var v subscriberView
		if json.Unmarshal(a.body, &v) != nil {
			return "the subscriber cannot be read as JSON"
		}
		return see(v)
	})
}

// is says that a subscriber must have a state.
func is(state string) func(subscriberView) string {
	return func(v subscriberView) string {
		if v.State != state {
			return "the state is " + known(v.State) + "; expected " + state
		}
		return ""
	}
}

// known keeps a report free of what is no state.
func known(state string) string {
	if slices.Contains([]string{"Active", "Unconfirmed", "Unsubscribed", "Bounced", "Deleted", "Suppressed", "Spam"}, state) {
		return state
	}
	return "another"
}

// has says that a custom field must have just these values, sorted.
func has(name string, want ...string) func(subscriberView) string {
	return func(v subscriberView) string {
		var got []string
		for _, f := range v.CustomFields {
			if strings.HasSuffix(bare(f.Key), name) {
				got = append(got, f.Value)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Sprintf("the %s field has %d values that differ from the %d expected", name, len(got), len(want))
		}
		return ""
	}
}

func all(checks ...func(subscriberView) string) func(subscriberView) string {
	return func(v subscriberView) string {
		for _, check := range checks {
			if why := check(v); why != "" {
				return why
			}
		}
		return ""
	}
}

// refusal is a request that must get HTTP 400 with a code.
func refusal(method, path, body string, code int) step {
	return step{request: request{method: method, path: path, body: body}, status: http.StatusBadRequest, code: code}
}

// empty says that an answer must have no body.
func empty(a answer) string {
	if len(strings.TrimSpace(string(a.body))) > 0 {
		return "the answer has a body; expected none"
	}
	return ""
}

// names says that an answer must be an object with these properties.
func names(properties ...string) func(answer) string {
	return func(a answer) string {
		var v map[string]json.RawMessage
		if json.Unmarshal(a.body, &v) != nil {
			return "the answer is no JSON object"
		}
		for _, p := range properties {
			if _, there := v[p]; !there {
				return "the answer has no " + p
			}
		}
		return ""
	}
}

// array says that an answer must be a JSON array.
func array(a answer) string {
	var v []json.RawMessage
	if json.Unmarshal(a.body, &v) != nil {
		return "the answer is no JSON array"
	}
	return ""
}

// counts says what an import must have made of its subscribers.
func counts(fresh, existing, failed int) func(answer) string {
	return func(a answer) string {
		type result struct {
			TotalNewSubscribers, TotalExistingSubscribers int
			FailureDetails                                []json.RawMessage
		}
		var v struct {
			result
			ResultData result
		}
		if json.Unmarshal(a.body, &v) != nil {
			return "the answer is no JSON object"
		}
		got := v.result
		if a.code != 0 {
			got = v.ResultData
		}
		if got.TotalNewSubscribers != fresh || got.TotalExistingSubscribers != existing || len(got.FailureDetails) != failed {
			return fmt.Sprintf("%d new, %d existing, %d failed; expected %d, %d, %d",
				got.TotalNewSubscribers, got.TotalExistingSubscribers, len(got.FailureDetails), fresh, existing, failed)
		}
		return ""
	}
}

func dated(v subscriberView) string {
	for _, date := range []string{v.Date, v.ListJoinedDate} {
		if _, err := time.Parse(time.DateTime, date); err != nil {
			return "a date is not of the form 2006-01-02 15:04:05"
		}
	}
	return ""
}
