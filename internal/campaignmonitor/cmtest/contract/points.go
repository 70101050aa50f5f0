package contract

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// point is an open point, and how to find out.
type point struct {
	number   int
	question string
	observe  func(s *session, ctx context.Context) (answer string, settled bool)
}

func points() []point {
	return []point{
		{1, "is a value of more than 250 characters cut or refused?", (*session).longValue},
		{2, "with which status and code is an unknown list refused?", (*session).unknownList},
		{3, "is the case of an address looked at?", (*session).addressCase},
		{4, "which of two equal addresses in an import counts?", (*session).duplicates},
		{5, "how are the keys of custom fields written where subscribers are read?", (*session).keysOnReads},
		{6, "does an empty value without Clear take a value away?", (*session).emptyValue},
		{7, "what does deleting do to who is deleted, or opted out?", (*session).deleteTwice},
		{8, "when does a webhook that failed come again, and how long may its receiver take?", (*session).hookRetries},
		{9, "is there a limit on requests?", (*session).globalLimit},
		{10, "does an update with Resubscribe take an address off the suppression list?", (*session).suppressedUpdate},
	}
}

// open says why a point is open still, after a request of it went wrong.
func open(what, why string) (string, bool) { return what + " did not work: " + why, false }

// play makes the requests that a point needs first.
func (s *session) play(ctx context.Context, theirs map[string]string, steps ...step) (refused string) {
	for _, st := range steps {
		if refused = s.write(ctx, st.request, theirs); refused != "" {
			return refused
		}
	}
	return ""
}

func (s *session) longValue(ctx context.Context) (string, bool) {
	theirs := s.people()
	a, err := s.ask(ctx, join("{a}", field("text", strings.Repeat("x", 251))).request, theirs)
	switch {
	case err != nil:
		return open("the import", err.Error())
	case a.status >= http.StatusBadRequest:
		return fmt.Sprintf("refused, with code %d", codeIn(a)), true
	}
	v, _, err := s.read(ctx, theirs["{a}"])
	if err != nil {
		return open("the read", err.Error())
	}
	got := v.values(s.fields["{text}"])
	if len(got) == 0 {
		return "dropped without a word; the subscriber is imported", true
	}
	return fmt.Sprintf("of 251 characters %d are kept", len([]rune(got[0]))), true
}

func (s *session) unknownList(ctx context.Context) (string, bool) {
	const nowhere = "ffffffffffffffffffffffffffffffff"
	a, err := s.call(ctx, request{method: http.MethodGet, path: "/lists/" + nowhere + ".json"})
	if err != nil {
		return open("the read", err.Error())
	}
	b, err := s.call(ctx, request{method: http.MethodGet, path: "/subscribers/" + nowhere + ".json?email=nobody%40example.org"})
	if err != nil {
		return open("the read", err.Error())
	}
	return fmt.Sprintf("the list: HTTP %d, code %d; a subscriber of it: HTTP %d, code %d", a.status, a.code, b.status, b.code),
		a.status >= http.StatusBadRequest && b.status >= http.StatusBadRequest
}

func (s *session) addressCase(ctx context.Context) (string, bool) {
	theirs := s.people()
	if why := s.play(ctx, theirs, join("{a}", "")); why != "" {
		return open("the import", why)
	}
	_, a, err := s.read(ctx, theirs["{a'}"])
	if err != nil {
		return open("the read", err.Error())
	}
	again, err := s.ask(ctx, join("{a'}", "").request, theirs)
	if err != nil {
		return open("the second import", err.Error())
	}
	second := "one more subscriber"
	if counts(0, 1, 0)(again) == "" {
		second = "the same subscriber"
	}
	if a.status == http.StatusOK {
		return "no: another case finds the subscriber; imported so, it is " + second, true
	}
	return fmt.Sprintf("yes: another case finds nobody (code %d); imported so, it is %s", a.code, second), true
}

func (s *session) duplicates(ctx context.Context) (string, bool) {
	theirs := s.people()
	both := request{method: http.MethodPost, path: importing, body: `{"Subscribers":[` +
		`{"EmailAddress":"{a}","CustomFields":[` + field("text", "first") + `],"ConsentToTrack":"Unchanged"},` +
		`{"EmailAddress":"{a}","CustomFields":[` + field("text", "second") + `],"ConsentToTrack":"Unchanged"}],"Resubscribe":false}`}
	if why := s.write(ctx, both, theirs); why != "" {
		return "refused: " + why, true
	}
	v, _, err := s.read(ctx, theirs["{a}"])
	if err != nil {
		return open("the read", err.Error())
	}
	switch got := v.values(s.fields["{text}"]); {
	case slices.Equal(got, []string{"first"}):
		return "the first", true
	case slices.Equal(got, []string{"second"}):
		return "the second", true
	}
	return "neither can be read", false
}

func (s *session) keysOnReads(ctx context.Context) (string, bool) {
	theirs := s.people()
	if why := s.play(ctx, theirs, join("{a}", field("text", "x"))); why != "" {
		return open("the import", why)
	}
	v, _, err := s.read(ctx, theirs["{a}"])
	if err != nil {
		return open("the read", err.Error())
	}
	name := "Ghostcm " + s.run + " text"
	for _, f := range v.CustomFields {
		switch {
		case bare(f.Key) != bare(name):
			continue
		case f.Key == name:
			return "as the field's name, with its spaces and in its case", true
		case f.Key == s.fields["{text}"]:
			return "as the field's key, in brackets and in its case", true
		case f.Key == strings.ReplaceAll(name, " ", ""):
			return "as the field's key without brackets, in its case", true
		}
		return "in another way: only without case, spaces and brackets it is the name", true
	}
	return "the field is not there", false
}

func (s *session) emptyValue(ctx context.Context) (string, bool) {
	theirs := s.people()
	if why := s.play(ctx, theirs, join("{a}", field("text", "before")), update("{a}", field("text", ""))); why != "" {
		return open("a write", why)
	}
	v, _, err := s.read(ctx, theirs["{a}"])
	if err != nil {
		return open("the read", err.Error())
	}
	switch got := v.values(s.fields["{text}"]); {
	case len(got) == 0 || got[0] == "":
		return "yes", true
	case got[0] == "before":
		return "no: the value stays", true
	}
	return "the value is another one now", true
}

func (s *session) deleteTwice(ctx context.Context) (string, bool) {
	theirs := s.people()
	if why := s.play(ctx, theirs, join("{a}", ""), remove("{a}"), join("{b}", ""), unsubscribe("{b}")); why != "" {
		return open("a write", why)
	}
	var parts []string
	for _, row := range []struct{ was, who string }{{"deleted", "{a}"}, {"opted out", "{b}"}} {
		a, err := s.ask(ctx, remove(row.who).request, theirs)
		if err != nil {
			return open("the delete", err.Error())
		}
		v, _, err := s.read(ctx, theirs[row.who])
		if err != nil {
			return open("the read", err.Error())
		}
		parts = append(parts, fmt.Sprintf("%s: HTTP %d, code %d, and is %s then", row.was, a.status, a.code, known(v.State)))
	}
	return strings.Join(parts, "; "), true
}

func (*session) hookRetries(context.Context) (string, bool) {
	return "it needs a public address that fails for hours; look at one by hand", false
}

// globalLimit tells what this run met. It does not try to meet a limit.
func (s *session) globalLimit(context.Context) (string, bool) {
	var met []string
	if s.limits.account {
		met = append(met, "429 for a request that wrote no subscriber")
	}
	if s.limits.subscriber {
		met = append(met, "429 for a write")
	}
	if len(s.limits.headers) > 0 {
		met = append(met, "headers "+strings.Join(slices.Sorted(maps.Keys(s.limits.headers)), ", "))
	}
	if len(met) == 0 {
		return "none was met in " + strconv.Itoa(s.calls) + " requests; whether there is a higher one was not tried", false
	}
	return "met: " + strings.Join(met, "; "), s.limits.account
}

func (s *session) suppressedUpdate(ctx context.Context) (string, bool) {
	if s.list.UnsubscribeSetting == onlyThisList {
		return "the list does not use the suppression list; take one whose unsubscribes reach all lists of a client made for tests", false
	}
	client, found := s.client(ctx)
	if !found {
		return "the client of the list cannot be found by this key", false
	}
	theirs := s.people()
	if why := s.play(ctx, theirs, join("{a}", ""), unsubscribe("{a}")); why != "" {
		return open("a write", why)
	}
	before, err := s.suppressed(ctx, client)
	if err != nil {
		return err.Error(), false
	}
	if !before.has(theirs["{a}"]) {
		return "the unsubscribe put the address on no suppression list", false
	}
	put := update("{a}", "").request
	put.body = resubscribing(put.body)
	refused := s.write(ctx, put, theirs)
	v, _, err := s.read(ctx, theirs["{a}"])
	if err != nil {
		return open("the read", err.Error())
	}
	after, err := s.suppressed(ctx, client)
	if err != nil {
		return err.Error(), false
	}
	taken := "stays on it"
	if !after.has(theirs["{a}"]) {
		taken = "is off it"
	}
	if refused != "" {
		return "the update is refused (" + refused + "); the address " + taken, true
	}
	return "the subscriber is " + known(v.State) + " then, and the address " + taken, true
}
