package cmtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

func TestEveryStateCanBeReadInTheClientsTime(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"Active", "Unconfirmed", "Unsubscribed", "Bounced", "Deleted"} {
		b := setup(t, cmtest.Options{})
		at := time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC)
		b.Seed(b.list, cmtest.Subscriber{Email: "Jo+1@x.example", Name: "Jo", State: state, Changed: at.Add(time.Hour), Joined: at})
		got, err := b.client.Subscriber(t.Context(), b.list, "jo+1@X.example")
		want := cm.Subscriber{Email: "Jo+1@x.example", Name: "Jo", State: state, Date: "2026-02-01 02:04:05", ListJoinedDate: "2026-02-01 01:04:05"}
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%v %s", err, cmp.Diff(want, got))
		}
	}
}

func TestAnUnknownAddressIsNotOnTheList(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	_, err := b.client.Subscriber(t.Context(), b.list, "nobody@x.example")
	for call, err := range map[string]error{
		"read":        err,
		"update":      b.client.Update(t.Context(), b.list, "nobody@x.example", cm.Write{Email: "nobody@x.example"}),
		"unsubscribe": b.client.Unsubscribe(t.Context(), b.list, "nobody@x.example"),
		"delete":      b.client.Delete(t.Context(), b.list, "nobody@x.example"),
	} {
		if cm.KindOf(err) != cm.NotOnList {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestAddressesMayBeCaseSensitive(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{CaseSensitive: true})
	b.Seed(b.list, cmtest.Subscriber{Email: "Jo@x.example"})
	if _, err := b.client.Subscriber(t.Context(), b.list, "jo@x.example"); cm.KindOf(err) != cm.NotOnList {
		t.Errorf("got %v", err)
	}
}

func TestPagesCoverAStateInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	var want []string
	for n := range 25 {
		email := fmt.Sprintf("m%02d@x.example", n)
		want = append(want, email)
		latestFirst := time.Date(2026, 1, 1, 0, 0, -n, 0, time.UTC)
		b.Seed(b.list, cmtest.Subscriber{Email: email, Changed: latestFirst}, cmtest.Subscriber{Email: "gone" + email, State: "Deleted"})
	}
	for size, requests := range map[int]int{10: 3, 25: 1, 0: 1, 1000: 1} {
		before := len(b.Requests())
		var got []string
		for sub, err := range b.client.Subscribers(t.Context(), b.list, cm.StateActive, cm.Query{PageSize: size}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, sub.Email)
		}
		if !slices.Equal(got, want) || len(b.Requests())-before != requests {
			t.Errorf("pages of %d: %d requests, %v", size, len(b.Requests())-before, got)
		}
	}
	for _, err := range b.client.Subscribers(t.Context(), b.list, cm.StateBounced, cm.Query{}) {
		t.Errorf("nobody has bounced, but there is one, or %v", err)
	}
}

func TestAReadSeesWhatChangedSinceTheLastOne(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	steps := map[string]func(){
		"one joins":          func() { b.importOne(t, cm.Write{Email: "new@x.example"}, cm.Import{}) },
		"one leaves":         func() { b.SetState(b.list, "new@x.example", "Unsubscribed") },
		"one has a new name": func() { b.importOne(t, cm.Write{Email: "old@x.example", Name: "New"}, cm.Import{}) },
	}
	b.Seed(b.list, cmtest.Subscriber{Email: "old@x.example"})
	var got []string
	for _, name := range []string{"one joins", "one leaves", "one has a new name"} {
		steps[name]()
		for sub, err := range b.client.Subscribers(t.Context(), b.list, cm.StateActive, cm.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, sub.Email+sub.Name)
		}
	}
	if want := []string{"new@x.example", "old@x.example", "old@x.example", "old@x.exampleNew"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestReadingStopsWhenTheCallerHasEnough(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	for n := range 30 {
		b.Seed(b.list, cmtest.Subscriber{Email: fmt.Sprintf("m%02d@x.example", n)})
	}
	for range b.client.Subscribers(t.Context(), b.list, cm.StateActive, cm.Query{PageSize: 10}) {
		break
	}
	if n := len(b.Requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestAFailureInTheMiddleOfThePagesIsYieldedLast(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	for n := range 30 {
		b.Seed(b.list, cmtest.Subscriber{Email: fmt.Sprintf("m%02d@x.example", n)})
	}
	seen, failure := 0, error(nil)
	for _, err := range b.client.Subscribers(t.Context(), b.list, cm.StateActive, cm.Query{PageSize: 10}) {
		if failure != nil {
			t.Fatal("something came after the failure")
		}
		if failure = err; err == nil {
			seen++
		}
		if seen == 10 && failure == nil {
			b.FailNext(cmtest.BadGateway)
		}
	}
	if seen != 10 || cm.KindOf(failure) != cm.Transient {
		t.Errorf("%d subscribers, then %v", seen, failure)
	}
}

func TestSinceAsksForRecentChangesOfState(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := setup(t, cmtest.Options{Now: c.Now})
	b.Seed(b.list, cmtest.Subscriber{Email: "early@x.example"}, cmtest.Subscriber{Email: "late@x.example"})
	b.SetState(b.list, "early@x.example", "Unsubscribed")
	c.Advance(time.Hour)
	now, err := b.client.SystemDate(t.Context())
	if err != nil || now != "2026-11-22 21:00:00" {
		t.Fatalf("%q, %v", now, err)
	}
	b.SetState(b.list, "late@x.example", "Unsubscribed")
	for since, want := range map[string][]string{
		"": {"early@x.example", "late@x.example"}, "2026-11-22": {"early@x.example", "late@x.example"},
		now[:16]: {"late@x.example"}, "2026-11-22 21:01": nil, "2026-11-23": nil,
	} {
		var got []string
		for sub, err := range b.client.Subscribers(t.Context(), b.list, cm.StateUnsubscribed, cm.Query{Since: since}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, sub.Email)
		}
		if !slices.Equal(got, want) {
			t.Errorf("since %q: %v, want %v", since, got, want)
		}
	}
}

func TestBadPagingIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	for query, code := range map[string]string{
		"": "", "page=1&pagesize=10&orderfield=name&orderdirection=desc&date=": "", "page=9": "",
		"page=0": "800", "page=x": "800", "pagesize=9": "801", "pagesize=1001": "801",
		"orderfield=age": "802", "orderdirection=up": "803", "date=22/11/2026": "5",
	} {
		status, body := raw{method: "GET", path: "/api/v3.3/lists/" + b.list + "/active.json?" + query, user: cmtest.DefaultKey, pass: "x"}.send(t, b.Server)
		if code == "" && status != 200 || code != "" && !strings.Contains(body, `"Code":`+code+",") {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func TestReadsCanBeSortedBothWays(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b.Seed(b.list, cmtest.Subscriber{Email: "b@x.example", Name: "1", Changed: at}, cmtest.Subscriber{Email: "a@x.example", Name: "2", Changed: at.Add(time.Hour)})
	for query, first := range map[string]string{"orderfield=email": "a@", "orderfield=name": "b@", "": "b@", "orderdirection=desc": "a@"} {
		_, body := raw{method: "GET", path: "/api/v3.3/lists/" + b.list + "/active.json?" + query, user: cmtest.DefaultKey, pass: "x"}.send(t, b.Server)
		if !strings.HasPrefix(body, `{"Results":[{"EmailAddress":"`+first) {
			t.Errorf("%s: %.80s", query, body)
		}
	}
}
