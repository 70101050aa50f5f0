package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/rig"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

// path is a hot path: do does it once, for so many members.
type path struct {
	name string
	per  float64
	do   func() error
}

// allocations counts what each hot path allocates, for each member.
func allocations() (map[string]float64, error) {
	paths, err := hotPaths(time.Now())
	if err != nil {
		return nil, err
	}
	counts := map[string]float64{}
	for _, p := range paths {
		var failed error
		n := testing.AllocsPerRun(100, func() {
			if err := p.do(); err != nil {
				failed = err
			}
		})
		if failed != nil {
			return nil, fmt.Errorf("%s: %w", p.name, failed)
		}
		counts[p.name] = n / p.per
	}
	return counts, nil
}

func hotPaths(now time.Time) ([]path, error) {
	body := load.Added("budget", 1)
	signature := ghost.Sign(body, []byte(rig.Secret), now)
	hook, err := ghost.ParseWebhook(body, "")
	if err != nil {
		return nil, err
	}
	page, err := readPage()
	if err != nil {
		return nil, err
	}
	batch, err := importBatch()
	if err != nil {
		return nil, err
	}
	return []path{
		{"accept a webhook", 1, acceptOnce(body, signature, now)},
		{"verify a signature", 1, func() error {
			_, err := ghost.Verify(signature, body,
				ghost.Verification{Secrets: [][]byte{[]byte(rig.Secret)}, Now: now, Tolerance: time.Minute})
			return err
		}},
		{"read a webhook", 1, func() error { _, err := ghost.ParseWebhook(body, ""); return err }},
		{"encode a job", 1, func() error {
			if jobs.Encode(jobs.Spec{Kind: "member", Site: "site1", Key: "65f0c0ffee", Event: "member.added", ReceivedAt: now}).Raw == "" {
				return errors.New("nothing encoded")
			}
			return nil
		}},
		{"decide a webhook's member", 1, func() error {
			return decide(member.Input{Entry: member.EntryOf(hook.Event), Policy: policy(), Layout: layout(), Now: now})
		}},
		{"plan a member of a sync", 1, planOnce(hook.Event.Facts, now)},
		{"read a member of a page", 100, page},
		{"write a member of an import", 100, batch},
	}, nil
}

// acceptOnce is the way from a request to its answer, without network and Redis.
func acceptOnce(body []byte, signature string, now time.Time) func() error {
	g := webhook.NewGhost(webhook.GhostOptions{
		Sites: []webhook.Site{{Name: "site1", Secrets: [][]byte{[]byte(rig.Secret)}}},
		//nolint:sloglint // what a record costs to write is counted, too
		Inbox: nowhere{}, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Now: func() time.Time { return now },
	})
	target := &url.URL{Path: "/webhook/ghost/site1", RawQuery: "event=member.added"}
	head := http.Header{"X-Ghost-Signature": {signature}}
	return func() error {
		w := &answer{header: http.Header{}}
		g.ServeHTTP(w, &http.Request{Method: http.MethodPost, URL: target, Header: head, ContentLength: int64(len(body)),
			Body: io.NopCloser(bytes.NewReader(body))})
		if w.status != http.StatusAccepted {
			return fmt.Errorf("%w: status %d", rig.ErrWrong, w.status)
		}
		return nil
	}
}

// nowhere takes every delivery.
type nowhere struct{}

func (nowhere) Accept(context.Context, store.Delivery) (store.Receipt, error) {
	return store.Receipt{JobID: "job"}, nil
}

// answer keeps nothing of an answer but its status.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return len(p), nil }

func policy() member.Policy {
	return member.Policy{OnDelete: member.DeleteUnsubscribes, OnOptOut: member.OptOutField, OnSuppressed: member.OptOutUnsubscribes,
		Resubscribe: member.ResubscribeNever}
}

func layout() member.Layout {
	l := member.Layout{ListID: "list", Columns: map[member.Fact]member.Column{}}
	for _, fact := range []member.Fact{member.FactStatus, member.FactSignupDate, member.FactLastUpdated, member.FactStatusChangedAt,
		member.FactPreviousStatus, member.FactLabels, member.FactEmailEnabled} {
		l.Columns[fact] = member.Column{Key: "[ghost_" + string(fact) + "]"}
	}
	return l.Settled()
}

// decide carries a case through with an API that does what it is asked.
func decide(in member.Input) error {
	c := member.New(in)
	for range 10 {
		step := c.Next()
		if step.Action == member.Finish {
			return nil
		}
		c.Begin(step)
		c.Learn(step, member.Result{})
	}
	return fmt.Errorf("%w: the case does not end", rig.ErrWrong)
}

// planOnce is what a sync does for a member that the list shows as it should be.
func planOnce(facts member.Facts, now time.Time) func() error {
	l := layout()
	return func() error {
		in := member.Input{Fresh: &facts, Policy: policy(), Layout: l, Now: now}
		in.Shown = []member.Sighting{{At: facts.Email.Value, Found: true, Email: facts.Email.Value, State: "Active",
			Values: make([]string, len(l.Columns))}}
		c := member.New(in)
		if step := c.Next(); step.Action == member.Finish { // the list has none of the values
			return fmt.Errorf("%w: nothing planned", rig.ErrWrong)
		}
		return nil
	}
}

// canned answers every request with the same body.
type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(c))), Request: r}, nil
}

// readPage reads a page of a hundred members as Ghost gives it.
func readPage() (func() error, error) {
	var all []string
	for i := range 100 {
		_, rest, _ := strings.Cut(string(load.Added("budget", i)), `"current":`)
		one, _, _ := strings.Cut(rest, `,"previous"`)
		all = append(all, one)
	}
	client, err := ghost.New(ghost.Options{URL: "https://ghost.example", AdminKey: strings.Repeat("a", 24) + ":" + strings.Repeat("b", 64),
		HTTP: &http.Client{Transport: canned(
			`{"members":[` + strings.Join(all, ",") + `],"meta":{"pagination":{"limit":100,"total":100}}}`)}})
	return func() error {
		n := 0
		for _, err := range client.Members(context.Background(), "") {
			if err != nil {
				return err
			}
			if n++; n == 100 {
				return nil
			}
		}
		return fmt.Errorf("%w: %d members", rig.ErrWrong, n)
	}, err
}

// importBatch sends an import of a hundred subscribers.
func importBatch() (func() error, error) {
	client, err := campaignmonitor.New(campaignmonitor.Options{APIKey: rig.Key,
		HTTP: &http.Client{Transport: canned(`{"FailureDetails":[],"TotalExistingSubscribers":0,"TotalNewSubscribers":100}`)}})
	batch := make([]campaignmonitor.Write, 100)
	for i := range batch {
		batch[i] = campaignmonitor.Write{Email: load.Email("budget", i), Name: "Reader", Fields: []campaignmonitor.Field{
			{Key: "[ghost_status]", Value: "free"}, {Key: "[ghost_labels]", Value: "VIP,Early reader"},
			{Key: "[ghost_signup_date]", Value: "2025/02/01"}}}
	}
	return func() error {
		_, err := client.Import(context.Background(), "list", campaignmonitor.Import{Subscribers: batch})
		return err
	}, err
}
