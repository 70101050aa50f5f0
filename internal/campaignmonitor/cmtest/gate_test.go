package cmtest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

func TestTheKeyIsCheckedBeforeThePath(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	const noKey = `{"Code":100,"Message":"Invalid API Key"}`
	table := []struct {
		path, user string
		status     int
		body       string // "" is any
	}{
		{"/api/v3.3/systemdate.json", "", 401, noKey},
		{"/api/v3.3/systemdate.json", "wrong", 401, noKey},
		{"/api/v3.3/nothing.json", "", 401, noKey},
		{"/api/v3.9/systemdate.json", "wrong", 401, noKey},
		{"/api/v4.0/systemdate.json", "", 404, ""},
		{"/api/v9.9/systemdate.json", cmtest.DefaultKey, 404, ""},
		{"/api/v3.9/systemdate.json", cmtest.DefaultKey, 404, ""},
		{"/api/v3.3/nothing.json", cmtest.DefaultKey, 404, ""},
		{"/api/v3.3/systemdate", cmtest.DefaultKey, 404, ""},
		{"/", "", 404, ""},
		{"/api/v3.3/systemdate.json", cmtest.DefaultKey, 200, ""},
		{"/api/v3.3/systemdate.json?pretty=true", cmtest.DefaultKey, 200, ""},
	}
	for _, row := range table {
		for _, pass := range []string{"", "x", "nopass"} {
			status, body := raw{method: "GET", path: row.path, user: row.user, pass: pass}.send(t, b.Server)
			if status != row.status || row.body != "" && body != row.body {
				t.Errorf("%s as %q: %d %s, want %d", row.path, row.user, status, body, row.status)
			}
		}
	}
}

func TestRepeatedWritesOfOneSubscriberAreRefused(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := setup(t, cmtest.Options{Now: c.Now, PerSubscriber: cmtest.Limit{N: 2, Window: 10 * time.Second}})
	write := func(email string) error {
		return b.client.Update(t.Context(), b.list, email, cm.Write{Email: email})
	}
	b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example"}, cmtest.Subscriber{Email: "b@x.example"})
	for n, want := range []cm.Kind{cm.None, cm.None, cm.TooOften} {
		if err := write("a@x.example"); cm.KindOf(err) != want {
			t.Errorf("write %d: %v, want %v", n+1, err, want)
		}
	}
	_, err := b.client.Import(t.Context(), b.list, cm.Import{Subscribers: []cm.Write{{Email: "A@x.example"}}})
	if cm.KindOf(err) != cm.TooOften {
		t.Errorf("an import of one: %v", err)
	}
	r, err := b.client.Import(t.Context(), b.list, cm.Import{Subscribers: []cm.Write{{Email: "A@x.example"}, {Email: "b@x.example"}}})
	want := cm.ImportResult{Existing: 1, Failures: []cm.ImportFailure{{Email: "A@x.example", Code: 429}}}
	if err != nil || cmp.Diff(want, r) != "" {
		t.Errorf("an import of two: %+v, %v", r, err)
	}
	c.Advance(10 * time.Second)
	if err := write("a@x.example"); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestTheAccountsLimitHasHeaders(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := setup(t, cmtest.Options{Now: c.Now, Account: cmtest.Limit{N: 1, Window: time.Minute}})
	if _, err := b.client.SystemDate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Advance(20 * time.Second)
	err := b.client.Delete(t.Context(), b.list, "a@x.example")
	want := &cm.Error{Op: cm.OpDelete, Status: 429, Code: 429, RetryAfter: 40 * time.Second}
	if diff := cmp.Diff(want, err, cmpopts.IgnoreUnexported(cm.Error{})); diff != "" || cm.KindOf(err) != cm.RateLimited {
		t.Errorf("%v %s", cm.KindOf(err), diff)
	}
	c.Advance(40 * time.Second)
	if _, err := b.client.SystemDate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAnOutageIsAProxysPage(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.SetDown(true)
	if err := b.client.Delete(t.Context(), b.list, "a@x.example"); cm.KindOf(err) != cm.Transient {
		t.Errorf("down: %v", err)
	}
	b.SetDown(false)
	if _, err := b.client.SystemDate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFaultsApplyTheWriteOrDoNot(t *testing.T) {
	t.Parallel()
	for fault, applied := range map[cmtest.Fault]bool{
		cmtest.Internal: false, cmtest.BadGateway: false, cmtest.Reset: false, cmtest.Hang: false,
		cmtest.BadGatewayAfter: true, cmtest.ResetAfter: true, cmtest.HangAfter: true,
	} {
		t.Run(fmt.Sprint(fault), func(t *testing.T) {
			t.Parallel()
			b := setup(t, cmtest.Options{})
			b.FailNext(fault)
			patience := time.Minute
			if fault == cmtest.Hang || fault == cmtest.HangAfter {
				patience = time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := b.client.Import(ctx, b.list, cm.Import{Subscribers: []cm.Write{{Email: "a@x.example"}}})
			if cm.KindOf(err) != cm.Transient {
				t.Errorf("got %v", err)
			}
			if _, found := b.Subscriber(b.list, "a@x.example"); found != applied {
				t.Errorf("applied is %v, want %v", found, applied)
			}
			if _, err := b.client.SystemDate(t.Context()); err != nil {
				t.Errorf("the fault lasts: %v", err)
			}
		})
	}
}

func TestRandomFaultsComeBackWithTheirSeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (outcomes []cm.Kind) {
		b := setup(t, cmtest.Options{Faults: cmtest.Faults{Seed: seed, Probability: 0.5, Kinds: []cmtest.Fault{cmtest.Internal, cmtest.BadGateway}}})
		for range 40 {
			_, err := b.client.SystemDate(t.Context())
			outcomes = append(outcomes, cm.KindOf(err))
		}
		return outcomes
	}
	first := run(7)
	if diff := cmp.Diff(first, run(7)); diff != "" {
		t.Error(diff)
	}
	failed := 0
	for _, k := range first {
		if k == cm.Transient {
			failed++
		}
	}
	if failed < 5 || failed > 35 {
		t.Errorf("%d of 40 failed at even odds", failed)
	}
}

func TestASingleAddWaitsInTheQueue(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := setup(t, cmtest.Options{Now: c.Now, AddDelay: time.Minute})
	if status, _ := add(t, b, `{"EmailAddress":"a@x.example","ConsentToTrack":"No"}`); status != 201 {
		t.Fatal(status)
	}
	if _, err := b.client.Subscriber(t.Context(), b.list, "a@x.example"); cm.KindOf(err) != cm.NotOnList {
		t.Errorf("before: %v", err)
	}
	c.Advance(time.Minute)
	if _, err := b.client.Subscriber(t.Context(), b.list, "a@x.example"); err != nil {
		t.Errorf("after: %v", err)
	}
}

func TestWritesOfOneSubscriberInFlightAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example"})
	b.FailNext(cmtest.Internal, cmtest.Internal)
	for range 2 { // one after the other
		_ = b.client.Update(t.Context(), b.list, "a@x.example", cm.Write{Email: "A@x.example"}) // fails by intent
	}
	if got := b.MaxConcurrentPerSubscriber(); got != 1 {
		t.Errorf("one after the other: %d in flight", got)
	}
	b.SetDelay(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	var flights sync.WaitGroup
	for _, call := range []func() error{
		func() error { return b.client.Update(ctx, b.list, "b@x.example", cm.Write{Email: "A@x.example"}) },
		func() error { return b.client.Unsubscribe(ctx, b.list, "a@x.example") },
		func() error { _, err := b.client.Subscriber(ctx, b.list, "a@x.example"); return err },
		func() error { return b.client.Delete(ctx, b.list, "other@x.example") },
	} {
		flights.Go(func() { _ = call() }) // canceled below
	}
	eventually(t, func() bool { return len(b.Requests()) == 6 })
	cancel()
	flights.Wait()
	if got := b.MaxConcurrentPerSubscriber(); got != 2 {
		t.Errorf("%d in flight, want 2: the change from b to a, and the opt-out of a", got)
	}
}

func TestTheRecordTellsWhatWasAsked(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := setup(t, cmtest.Options{Now: c.Now})
	b.importOne(t, cm.Write{Email: "a@x.example"}, cm.Import{})
	_ = b.client.Update(t.Context(), b.list, "b@x.example", cm.Write{Email: "c@x.example"}) // refused with 203
	_, _ = b.client.SystemDate(t.Context())                                                 // only the record matters
	want := []cmtest.Request{
		{Op: cm.OpImport, Write: true, List: b.list, Emails: []string{"a@x.example"}, At: c.Now(), Until: c.Now(), Status: 201},
		{Op: cm.OpUpdate, Write: true, List: b.list, Emails: []string{"b@x.example", "c@x.example"}, At: c.Now(), Until: c.Now(), Status: 400, Code: 203},
		{Op: cm.OpSystemDate, At: c.Now(), Until: c.Now(), Status: 200},
	}
	if diff := cmp.Diff(want, b.Requests()); diff != "" || b.WriteCount() != 2 {
		t.Errorf("%d writes, %s", b.WriteCount(), diff)
	}
}
