package contract

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// fact is one row of the table: requests in order, and the answers they must get.
type fact struct {
	section, name string
	steps         []step
}

// step is a request with its answer. In paths and bodies {list} is the list's id,
// {text}, {day} and {many} are the keys of custom fields, and {a}, {b} and {c} are
// addresses of this fact's own; {a'} is {a} with an upper-case letter.
type step struct {
	request
	status int
	code   int                 // of a refusal; 0 of a success
	see    func(answer) string // how the body differs; nil is not looked at
}

// holds says how a fact's answers differ, "" if they do not.
func (s *session) holds(ctx context.Context, f fact) string {
	theirs := s.people()
	for i, step := range f.steps {
		a, err := s.ask(ctx, step.request, theirs)
		if err != nil {
			return err.Error()
		}
		why := ""
		if a.status != step.status || a.code != step.code {
			why = fmt.Sprintf("HTTP %d, code %d; expected HTTP %d, code %d", a.status, a.code, step.status, step.code)
		} else if step.see != nil {
			why = step.see(a)
		}
		if why != "" {
			return "request " + strconv.Itoa(i+1) + ": " + why
		}
	}
	return ""
}

// ask makes a request of the table.
func (s *session) ask(ctx context.Context, r request, theirs map[string]string) (answer, error) {
	r.path, r.body = s.fill(r.path, theirs), s.inBody(r.body, theirs)
	return s.call(ctx, r)
}

// people makes addresses up that nobody has.
func (s *session) people() map[string]string {
	all := map[string]string{}
	for _, who := range []string{"a", "b", "c"} {
		s.addresses++
		all["{"+who+"}"] = fmt.Sprintf("%s%s-%d%s@example.org", madeUp, s.run, s.addresses, who)
	}
	all["{a'}"] = "G" + strings.TrimPrefix(all["{a}"], "g")
	return all
}

// fill puts a list and addresses into a path.
func (s *session) fill(path string, theirs map[string]string) string {
	path = strings.ReplaceAll(path, "{list}", url.PathEscape(s.ListID))
	for placeholder, email := range theirs {
		path = strings.ReplaceAll(path, placeholder, url.QueryEscape(email))
	}
	for placeholder, key := range s.fields {
		path = strings.ReplaceAll(path, placeholder, url.PathEscape(key))
	}
	return path
}

// inBody puts addresses and keys into a body.
func (s *session) inBody(body string, theirs map[string]string) string {
	for placeholder, email := range theirs {
		body = strings.ReplaceAll(body, placeholder, email)
	}
	for placeholder, key := range s.fields {
		body = strings.ReplaceAll(body, placeholder, key)
	}
	return strings.ReplaceAll(body, "{run}", s.run)
}

// subscriberView is a subscriber as reads give it.
type subscriberView struct {
	EmailAddress, Name, State, Date, ListJoinedDate, ConsentToTrack string
	CustomFields                                                    []struct{ Key, Value string }
}

// values are those of a field, whose key may be written in any way.
func (v subscriberView) values(key string) []string {
	var out []string
	for _, f := range v.CustomFields {
		if bare(f.Key) == bare(key) {
			out = append(out, f.Value)
		}
	}
	slices.Sort(out)
	return out
}

func bare(key string) string {
	return strings.ToLower(strings.NewReplacer("[", "", "]", "", " ", "").Replace(key))
}

// read reads a subscriber outside the table.
func (s *session) read(ctx context.Context, email string) (v subscriberView, a answer, err error) {
	a, err = s.call(ctx, request{method: http.MethodGet, path: s.fill("/subscribers/{list}.json?email=", nil) + url.QueryEscape(email)})
	if err == nil && a.status == http.StatusOK && json.Unmarshal(a.body, &v) != nil {
		a.status = 0
	}
	return v, a, err
}

// write makes a request that a point needs, and says what refused it.
func (s *session) write(ctx context.Context, r request, theirs map[string]string) (refused string) {
	a, err := s.ask(ctx, r, theirs)
	switch {
	case err != nil:
		return err.Error()
	case a.status >= http.StatusBadRequest:
		return fmt.Sprintf("HTTP %d, code %d", a.status, a.code)
	}
	return ""
}

// codeIn is the code of the only failure of an import; else the answer's own.
func codeIn(a answer) int {
	var said struct {
		ResultData struct{ FailureDetails []struct{ Code int } }
	}
	if json.Unmarshal(a.body, &said) == nil && len(said.ResultData.FailureDetails) == 1 {
		return said.ResultData.FailureDetails[0].Code
	}
	return cmp.Or(a.code, a.status)
}
