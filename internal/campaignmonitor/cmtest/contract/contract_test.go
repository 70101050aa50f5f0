package contract_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest/contract"
)

// account is a simulated account with a list for tests.
type account struct {
	*cmtest.Server
	target contract.Target
}

func setup(t *testing.T, o cmtest.Options, l cmtest.ListOptions) account {
	t.Helper()
	s := cmtest.Run(t, o)
	if l.Title == "" {
		l.Title = "Contract TEST"
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return account{s, contract.Target{
		URL: s.URL(), Key: cmtest.DefaultKey, ListID: s.CreateList(l), HTTP: &http.Client{Transport: transport},
		Patience: time.Nanosecond,
	}}
}

func (a account) check(t *testing.T) contract.Report {
	t.Helper()
	r, err := contract.Check(t.Context(), a.target)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func settled(r contract.Report) map[int]string {
	out := map[int]string{}
	for _, p := range r.Points {
		if p.Settled {
			out[p.Number] = p.Answer
		}
	}
	return out
}

func TestTheSimulatorKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"AllClientLists", "OnlyThisList"} {
		a := setup(t, cmtest.Options{}, cmtest.ListOptions{UnsubscribeSetting: setting})
		r := a.check(t)
		for _, f := range r.Facts {
			if f.Problem != "" {
				t.Errorf("%s: §%s %s: %s", setting, f.Section, f.Name, f.Problem)
			}
		}
		if len(r.Facts) < 30 || len(r.Points) != 10 {
			t.Errorf("%d facts, %d points", len(r.Facts), len(r.Points))
		}
	}
}

func TestWhatIsOpenIsToldAsItIsObserved(t *testing.T) {
	t.Parallel()
	usual := settled(setup(t, cmtest.Options{}, cmtest.ListOptions{}).check(t))
	for n, want := range map[int]string{
		1: "of 251 characters 250 are kept", 2: "code 101", 3: "no: another case finds the subscriber; imported so, it is the same",
		4: "the first", 5: "with its spaces", 6: "no: the value stays",
		7: "opted out: HTTP 200, code 0, and is Unsubscribed then", 10: "is Active then, and the address stays on it",
	} {
		if !strings.Contains(usual[n], want) {
			t.Errorf("point %d: %q, want %q", n, usual[n], want)
		}
	}
	if len(usual) != 8 {
		t.Errorf("%d points are called settled, and webhooks and limits cannot be: %v", len(usual), usual)
	}
	other := cmtest.Options{CaseSensitive: true, BracketedKeys: true, UnknownList: cmtest.Refusal{Status: 401, Code: 102}}
	unusual := settled(setup(t, other, cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"}).check(t))
	for n, want := range map[int]string{
		2: "the list: HTTP 401, code 102", 3: "yes: another case finds nobody (code 203); imported so, it is one more", 5: "in brackets", 10: "",
	} {
		if !strings.Contains(unusual[n], want) || want == "" && unusual[n] != "" {
			t.Errorf("point %d: %q, want %q", n, unusual[n], want)
		}
	}
}

func TestALimitIsMetWithPatienceAndTold(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64 // time goes by only where the run waits
	now := func() time.Time {
		return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).Add(time.Duration(passed.Load()))
	}
	a := setup(t, cmtest.Options{Now: now, Account: cmtest.Limit{N: 5, Window: time.Second}}, cmtest.ListOptions{})
	a.target.Patience = time.Second
	a.target.Wait = func(_ context.Context, d time.Duration) error { passed.Add(int64(d)); return nil }
	r := a.check(t)
	if answer := settled(r)[9]; !strings.Contains(answer, "429 for a request that wrote no subscriber") || !strings.Contains(answer, "X-Ratelimit-Reset") {
		t.Errorf("%q", answer)
	}
	for _, f := range r.Facts {
		if f.Problem != "" {
			t.Errorf("%s: %s", f.Name, f.Problem)
		}
	}
}

func TestNothingOfARunIsLeft(t *testing.T) {
	t.Parallel()
	faults := map[string][]cmtest.Fault{"no fault": nil, "faults in the middle": {}}
	for i := range 60 {
		kind := cmtest.Fault(0)
		if i%3 == 2 && i > 20 {
			kind = cmtest.BadGatewayAfter
		}
		faults["faults in the middle"] = append(faults["faults in the middle"], kind)
	}
	for name, list := range faults {
		a := setup(t, cmtest.Options{}, cmtest.ListOptions{})
		a.FailNext(list...)
		r := a.check(t)
		if r.Left != "" {
			t.Errorf("%s: left %q", name, r.Left)
		}
		for _, sub := range a.Subscribers(a.target.ListID) {
			if sub.State != "Deleted" || len(sub.Fields) != 0 {
				t.Errorf("%s: %s stays, with %d fields", name, sub.State, len(sub.Fields))
			}
			if a.Suppressed(cmtest.DefaultClient, sub.Email) {
				t.Errorf("%s: an address stays suppressed", name)
			}
		}
		if again := a.check(t); again.Calls == 0 || again.Calls > 320 {
			t.Errorf("%s: a second run makes %d requests", name, again.Calls)
		}
	}
}

func TestAListThatSomebodyMayNeedIsRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		list cmtest.ListOptions
		seed []cmtest.Subscriber
		key  string
		want error
	}{
		"no test by name":    {list: cmtest.ListOptions{Title: "Readers"}, want: contract.ErrNoTestList},
		"confirmation mails": {list: cmtest.ListOptions{ConfirmedOptIn: true}, want: contract.ErrMailsAll},
		"a reader":           {seed: []cmtest.Subscriber{{Email: "jo@x.example"}}, want: contract.ErrInUse},
		"a former reader":    {seed: []cmtest.Subscriber{{Email: "jo@x.example", State: "Deleted"}}, want: contract.ErrInUse},
		"a wrong key":        {key: "ffffffffffffffffffffffffffffffff", want: contract.ErrNoList},
	} {
		a := setup(t, cmtest.Options{}, row.list)
		a.Seed(a.target.ListID, row.seed...)
		if row.key != "" {
			a.target.Key = row.key
		}
		if _, err := contract.Check(t.Context(), a.target); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
		if n := a.WriteCount(); n > 0 {
			t.Errorf("%s: %d writes", name, n)
		}
	}
}

func TestAServiceThatDiffersIsFound(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		`"Code":203`: `"Code":999`, `"State":"Unsubscribed"`: `"State":"Active"`, `"FieldName"`: `"fieldname_"`,
		`"TotalExistingSubscribers":1`: `"TotalExistingSubscribers":0`, `"SystemDate":"2`: `"SystemDate":"T2`,
	} {
		a := setup(t, cmtest.Options{}, cmtest.ListOptions{})
		rewriting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			a.ServeHTTP(rec, r)
			w.WriteHeader(rec.Code)
			_, _ = w.Write([]byte(strings.ReplaceAll(rec.Body.String(), from, to)))
		}))
		t.Cleanup(rewriting.Close)
		a.target.URL = rewriting.URL + "/api/v3.3"
		broken := 0
		for _, f := range a.check(t).Facts {
			if f.Problem != "" {
				broken++
			}
		}
		if broken == 0 {
			t.Errorf("%s instead of %s goes unnoticed", to, from)
		}
	}
}

func TestAReportHasNeitherAddressNorKey(t *testing.T) {
	t.Parallel()
	a := setup(t, cmtest.Options{}, cmtest.ListOptions{})
	a.FailNext(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, cmtest.Reset, cmtest.Internal, cmtest.BadGateway, cmtest.Reset)
	r := a.check(t)
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, secret := range []string{"@", cmtest.DefaultKey, a.target.ListID, "127.0.0.1", cmtest.DefaultClient} {
		if strings.Contains(text, secret) {
			t.Errorf("the report has %q", secret)
		}
	}
	if !strings.Contains(text, "DIFFERS") || !strings.Contains(text, "settled: ") || !strings.Contains(text, "still open: ") ||
		!strings.Contains(text, strconv.Itoa(r.Calls)+" requests") {
		t.Errorf("the report says too little:\n%s", text)
	}
}
