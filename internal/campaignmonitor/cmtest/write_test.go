package cmtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

func TestAnImportCreatesAndThenUpdates(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	both := cm.Import{Subscribers: []cm.Write{
		{Email: "A@x.example", Name: "A", Fields: []cm.Field{{Key: "[ghost_status]", Value: "free"}, {Key: "age", Value: "24"}}},
		{Email: "b@x.example", Name: "B"},
	}}
	got, err := b.client.Import(t.Context(), b.list, both)
	if err != nil || cmp.Diff(cm.ImportResult{New: 2}, got) != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	again := cm.Import{Subscribers: []cm.Write{
		{Email: "a@x.example", KeepName: true, Fields: []cm.Field{{Key: "ghost_status", Value: "paid"}}},
		{Email: "c@x", Name: "C"},
	}}
	got, err = b.client.Import(t.Context(), b.list, again)
	want := cm.ImportResult{Existing: 1, Failures: []cm.ImportFailure{{Email: "c@x", Code: 1}}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	sub := b.get(t, "a@X.example")
	if sub.Name != "A" || sub.State != "Active" || cmp.Diff(map[string]string{"ghost_status": "paid", "age": "24"}, sub.Fields) != "" {
		t.Errorf("%+v", sub)
	}
	if n := len(b.Subscribers(b.list)); n != 2 {
		t.Errorf("%d subscribers, want 2", n)
	}
}

func TestTheSizeOfAnImportIsLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	for n, want := range map[int]int{0: 212, 1000: 0, 1001: 209} {
		var i cm.Import
		for k := range n {
			i.Subscribers = append(i.Subscribers, cm.Write{Email: fmt.Sprintf("m%d@x.example", k)})
		}
		_, err := b.client.Import(t.Context(), b.list, i)
		if got := codeOf(t, err); got != want {
			t.Errorf("an import of %d: code %d, want %d", n, got, want)
		}
	}
}

func TestADuplicateInAnImportIsCountedAndAViolation(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	i := cm.Import{Subscribers: []cm.Write{{Email: "a@x.example", Name: "first"}, {Email: "A@x.example", Name: "second"}}}
	got, err := b.client.Import(t.Context(), b.list, i)
	if err != nil || cmp.Diff(cm.ImportResult{New: 1, Duplicates: 1}, got) != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if kinds := b.kinds(); !slices.Equal(kinds, []string{"duplicate-in-import"}) {
		t.Errorf("violations %v", kinds)
	}
}

func TestInactiveSubscribersAreRefusedUnlessResubscribed(t *testing.T) {
	t.Parallel()
	for state, code := range map[string]int{"Deleted": 205, "Unsubscribed": 206, "Bounced": 207, "Unconfirmed": 208, "Suppressed": 204, "Spam": 204} {
		b := setup(t, cmtest.Options{})
		b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example", Name: "Before", State: state})
		w := cm.Write{Email: "a@x.example", Name: "After"}
		if got := b.importOne(t, w, cm.Import{}); got != code {
			t.Errorf("%s: import is refused with %d, want %d", state, got, code)
		}
		if status, body := add(t, b, `{"EmailAddress":"a@x.example","ConsentToTrack":"No"}`); status != 400 || !strings.Contains(body, fmt.Sprintf(`"Code":%d`, code)) {
			t.Errorf("%s: add gives %d %s", state, status, body)
		}
		if sub := b.get(t, "a@x.example"); sub.State != state || sub.Name != "Before" || sub.ConsentToTrack != "Yes" {
			t.Errorf("%s: a refused write changed it to %+v", state, sub)
		}
		if len(b.Reactivations()) != 0 {
			t.Errorf("%s: %v", state, b.Reactivations())
		}
		want := "Active"
		if state == "Unconfirmed" {
			want = state
		}
		if got := b.importOne(t, w, cm.Import{Resubscribe: true}); got != 0 || b.get(t, "a@x.example").State != want {
			t.Errorf("%s: with Resubscribe code %d, state %s, want %s", state, got, b.get(t, "a@x.example").State, want)
		}
		if n := len(b.Reactivations()); (n == 1) != (want == "Active") {
			t.Errorf("%s: %d reactivations", state, n)
		}
	}
}

func TestAnUpdateWritesFieldsInAnyStateAndChangesNone(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"Active", "Unconfirmed", "Unsubscribed", "Bounced", "Deleted"} {
		b := setup(t, cmtest.Options{})
		b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example", State: state, Fields: map[string]string{"age": "7"}})
		w := cm.Write{Email: "a@x.example", Name: "New", Fields: []cm.Field{{Key: "ghost_status", Value: "paid"}}}
		if err := b.client.Update(t.Context(), b.list, "A@x.example", w); err != nil {
			t.Fatal(err)
		}
		sub := b.get(t, "a@x.example")
		if sub.State != state || sub.Name != "New" || cmp.Diff(map[string]string{"age": "7", "ghost_status": "paid"}, sub.Fields) != "" {
			t.Errorf("%s: %+v", state, sub)
		}
		w.Resubscribe = true
		if err := b.client.Update(t.Context(), b.list, "a@x.example", w); err != nil {
			t.Fatal(err)
		}
		if got := b.get(t, "a@x.example").State; got != "Active" && state != "Unconfirmed" {
			t.Errorf("%s stays %s with Resubscribe", state, got)
		}
	}
}

func TestAnUpdateChangesTheAddressInPlace(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.Seed(b.list, cmtest.Subscriber{Email: "old+1@x.example", Name: "N", Fields: map[string]string{"age": "7"}},
		cmtest.Subscriber{Email: "taken@x.example"})
	table := []struct {
		from, to string
		code     int
	}{
		{"nobody@x.example", "new@x.example", 203},
		{"old+1@x.example", "Taken@x.example", 201},
		{"old+1@x.example", "new@", 211},
		{"old+1@x.example", "Old+1@x.example", 0},
		{"old+1@x.example", "new+2@x.example", 0},
		{"old+1@x.example", "new+2@x.example", 203}, // not idempotent
	}
	for _, row := range table {
		err := b.client.Update(t.Context(), b.list, row.from, cm.Write{Email: row.to, KeepName: true})
		if got := codeOf(t, err); got != row.code {
			t.Errorf("%s to %s: code %d, want %d", row.from, row.to, got, row.code)
		}
	}
	if sub := b.get(t, "new+2@x.example"); sub.Name != "N" || sub.Fields["age"] != "7" || len(b.Subscribers(b.list)) != 2 {
		t.Errorf("%+v", b.Subscribers(b.list))
	}
}

func TestConsentIsRequiredAndCountsForTheWholeClient(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	other := b.CreateList(cmtest.ListOptions{Title: "Other"})
	foreign := b.CreateList(cmtest.ListOptions{Title: "Foreign", Client: "another"})
	for _, list := range []string{other, foreign} {
		b.Seed(list, cmtest.Subscriber{Email: "a@x.example", ConsentToTrack: "No"})
	}
	for body, code := range map[string]int{
		`{"EmailAddress":"a@x.example"}`:                           214,
		`{"EmailAddress":"a@x.example","ConsentToTrack":"maybe"}`:  215,
		`{"EmailAddress":"a@x.example","ConsentToTrack":true}`:     400,
		`{"EmailAddress":"a@x.example","ConsentToTrack":"yes","x"`: 400,
	} {
		if status, answer := add(t, b, body); status != 400 || !strings.Contains(answer, fmt.Sprintf(`"Code":%d`, code)) {
			t.Errorf("%s gives %d %s, want code %d", body, status, answer, code)
		}
	}
	if got := b.importOne(t, cm.Write{Email: "a@x.example", ConsentToTrack: "yes"}, cm.Import{}); got != 0 {
		t.Fatal(got)
	}
	for list, want := range map[string]string{b.list: "Yes", other: "Yes", foreign: "No"} {
		if sub, _ := b.Subscriber(list, "a@x.example"); sub.ConsentToTrack != want {
			t.Errorf("consent %s, want %s", sub.ConsentToTrack, want)
		}
	}
	if got := b.importOne(t, cm.Write{Email: "b@x.example"}, cm.Import{}); got != 0 || b.get(t, "b@x.example").ConsentToTrack != "Yes" {
		t.Errorf("Unchanged on a first-seen address gives %q", b.get(t, "b@x.example").ConsentToTrack)
	}
}

func TestAutomationsStartForNewSubscribersOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	a, quiet := cm.Write{Email: "a@x.example"}, cm.Write{Email: "quiet@x.example"}
	b.importOne(t, quiet, cm.Import{})
	b.importOne(t, a, cm.Import{QueueAutoresponders: true})
	b.importOne(t, a, cm.Import{QueueAutoresponders: true})
	if _, body := add(t, b, `{"EmailAddress":"added@x.example","ConsentToTrack":"No"}`); body != `"added@x.example"` {
		t.Errorf("add answers %s", body)
	}
	for email, want := range map[string]int{"quiet@x.example": 0, "a@x.example": 1, "added@x.example": 1} {
		if got := b.get(t, email).Automations; got != want {
			t.Errorf("%s: %d automations, want %d", email, got, want)
		}
	}
}

func TestAConfirmedOptInListWaitsForTheConfirmation(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.list = b.CreateList(cmtest.ListOptions{Title: "Double", ConfirmedOptIn: true})
	w := cm.Write{Email: "a@x.example"}
	if got := b.importOne(t, w, cm.Import{QueueAutoresponders: true}); got != 0 {
		t.Fatal(got)
	}
	if sub := b.get(t, "a@x.example"); sub.State != "Unconfirmed" || sub.Automations != 0 {
		t.Errorf("%+v", sub)
	}
	if got := b.importOne(t, w, cm.Import{}); got != 208 {
		t.Errorf("a second import: %d, want 208", got)
	}
	b.SetState(b.list, "a@x.example", "Active")
	if sub := b.get(t, "a@x.example"); sub.State != "Active" || sub.Automations != 1 {
		t.Errorf("%+v", sub)
	}
}

// add sends a single add, which the client does not have.
func add(t *testing.T, b bench, body string) (status int, answer string) {
	t.Helper()
	return raw{method: "POST", path: "/api/v3.3/subscribers/" + b.list + ".json", user: cmtest.DefaultKey, pass: "x", body: body}.send(t, b.Server)
}
