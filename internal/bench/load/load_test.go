package load_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/ghost"
)

const secret = "a-secret-of-the-benchmark"

// receiver takes what a Ghost signed, and refuses every n-th event.
type receiver struct {
	refuseEvery int

	mu     sync.Mutex
	bodies map[string]int
	bad    int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	_, err := ghost.Verify(req.Header.Get(ghost.SignatureHeader), body,
		ghost.Verification{Secrets: [][]byte{[]byte(secret)}, Now: time.Now(), Tolerance: time.Minute})
	hook, unread := ghost.ParseWebhook(body, req.URL.Query().Get("event"))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || unread != nil {
		r.bad++
	}
	r.bodies[hook.Event.Facts.Email.Value]++
	if r.refuseEvery > 0 && len(r.bodies)%r.refuseEvery == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"accepted"}`)
}

func listen(t *testing.T, r *receiver) load.Target {
	t.Helper()
	r.bodies = map[string]int{}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return load.Target{Address: strings.TrimPrefix(s.URL, "http://"), Path: "/webhook/ghost/blog", Secret: secret}
}

func TestEveryEventIsSentOnceAndSigned(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]load.Spec{
		"kept connections": {Connections: 4, Events: 50},
		"new connections":  {Connections: 4, Events: 50, Fresh: true},
		"edits":            {Connections: 2, Events: 50, Edit: 3},
		"at a rate":        {Connections: 4, Events: 50, Rate: 5000},
		"one by one":       {Connections: 1, Events: 50, Pause: 0.1},
		"at once":          {Connections: 50, Events: 50, Together: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &receiver{}
			spec.Targets, spec.Run = []load.Target{listen(t, r)}, "r"
			report := load.Run(spec)
			if report.Events != 50 || report.Wrong != 0 || len(r.bodies) != 50 || r.bad != 0 {
				t.Errorf("%d events, %d wrong (%s), %d members, %d bad", report.Events, report.Wrong, report.Sample, len(r.bodies), r.bad)
			}
			if report.Max < report.P50 || report.P50 <= 0 {
				t.Errorf("latencies %v, %v, %v", report.P50, report.P99, report.Max)
			}
			if spec.Pause > 0 && len(report.Sent) != 50 {
				t.Errorf("%d times of sending", len(report.Sent))
			}
		})
	}
}

func TestRefusedEventsAreCounted(t *testing.T) {
	t.Parallel()
	r := &receiver{refuseEvery: 5}
	report := load.Run(load.Spec{Targets: []load.Target{listen(t, r)}, Run: "r", Connections: 1, Events: 50})
	if report.Wrong != 10 || report.Sample != "status 503" {
		t.Errorf("%d wrong, %q", report.Wrong, report.Sample)
	}
}

func TestBodiesAreGhosts(t *testing.T) {
	t.Parallel()
	for _, body := range [][]byte{load.Added("r", 7), load.Edited("r", 7, 2)} {
		hook, err := ghost.ParseWebhook(body, "")
		if err != nil || !json.Valid(body) || hook.Event.Facts.Email.Value != load.Email("r", 7) || len(hook.Event.Facts.Labels.Value) != 2 {
			t.Errorf("%+v, %v", hook, err)
		}
	}
	if bytes.Equal(load.Added("r", 7), load.Added("s", 7)) {
		t.Error("two runs share a member")
	}
}
