package program_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// poisoned is a rig with a second site whose Ghost is something else.
func poisoned(t *testing.T, ghost http.HandlerFunc, env ...string) (r *rig, healthy, sick *publication) {
	t.Helper()
	server := httptest.NewServer(ghost)
	t.Cleanup(server.Close)
	r = newRig(t, rigOptions{sites: 2, env: append(env, "SITE2_GHOST_URL="+server.URL)})
	return r, r.sites[0], r.sites[1]
}

// Ghost takes the question and never answers: no worker may wait for it that
// another site needs.
func TestAGhostThatNeverAnswersDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	var open atomic.Int64
	release := make(chan struct{})
	r, healthy, sick := poisoned(t, func(_ http.ResponseWriter, req *http.Request) {
		open.Add(1)
		defer open.Add(-1)
		select {
		case <-release:
		case <-req.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	r.add(sick, 30)
	r.eventually("workers wait for it", time.Minute, func() string {
		if open.Load() == 0 {
			return "none does"
		}
		return ""
	})
	r.add(healthy, 20)
	r.eventually("the other site's members are written", time.Minute, func() string { return r.agrees(healthy) })
	if open.Load() == 0 {
		t.Error("the sick site had recovered meanwhile: the test shows nothing")
	}
}

// A gigabyte where a member was expected is read up to a bound, and ends as a
// dead letter.
func TestAnAnswerWithoutEndIsCutAndDelaysNobody(t *testing.T) {
	t.Parallel()
	var most atomic.Int64
	part := bytes.Repeat([]byte("a"), 64<<10)
	r, healthy, sick := poisoned(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte(`{"members":[{"name":"`))
		for sent := int64(0); err == nil && sent < 1<<30; {
			var n int
			n, err = w.Write(part)
			if sent += int64(n); sent > most.Load() {
				most.Store(sent)
			}
		}
	}, "RETRY_SCHEDULE=1s")
	r.add(sick, 3)
	r.add(healthy, 5)
	r.eventually("the other site's members are written", time.Minute, func() string { return r.agrees(healthy) })
	r.eventually("those who cannot be read are dead letters, or wait for a person", 3*time.Minute, func() string {
		gate, err := r.Store.Gate(t.Context(), sick.name)
		if dead := len(r.dead()); dead < 3 && gate.Open {
			return fmt.Sprintf("%d dead letters, %v", dead, err)
		}
		return ""
	})
	if sent := most.Load(); sent == 0 || sent > 64<<20 {
		t.Errorf("%d bytes were read of one answer", sent)
	}
}

func TestAMemberWithFiveHundredLabelsIsWrittenWithThoseThatFit(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	site := r.sites[0]
	var labels []string
	for i := range 500 {
		labels = append(labels, fmt.Sprintf("A label with a long name %03d", i))
	}
	if _, err := site.AddMember(ghosttest.Member{Email: "many@example.org", Labels: labels}); err != nil {
		t.Fatal(err)
	}
	r.eventually("written", time.Minute, func() string {
		s, _ := r.list.Subscriber(site.listID, "many@example.org")
		got := s.Fields["ghost_labels"]
		kept := strings.Split(got, ",")
		for i, label := range kept {
			if label != labels[i] {
				return fmt.Sprintf("label %d is %q", i, label)
			}
		}
		if next := len(got) + len(",") + len(labels[len(kept)]); len(got) > 250 || next <= 250 {
			return fmt.Sprintf("%d characters, %d with one label more", len(got), next)
		}
		return ""
	})
	r.clean()
}

func TestAWebhookMayWeighOneMebibyteAndNoByteMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	site := r.sites[0]
	site.HoldWebhooks(true)
	r.add(site, 2)
	for i, hook := range site.TakeWebhooks() {
		weight, want := 1<<20+i, []int{http.StatusAccepted, http.StatusRequestEntityTooLarge}[i]
		hook.Body = append(bytes.TrimSpace(hook.Body), bytes.Repeat([]byte(" "), weight-len(bytes.TrimSpace(hook.Body)))...)
		if status, err := site.Send(t.Context(), site.Resign(hook, time.Now())); status != want || err != nil {
			t.Errorf("%d bytes were answered %d, %v", weight, status, err)
		}
	}
	r.eventually("the one that was taken is written", time.Minute, func() string {
		if r.settled() != "" || len(r.list.Subscribers(site.listID)) != 1 {
			return fmt.Sprintf("%d on the list", len(r.list.Subscribers(site.listID)))
		}
		return ""
	})
}

// Whoever walks a Ghost by the time of its changes never gets past these.
func TestTenThousandMembersOfOneSecondAreAllSeen(t *testing.T) {
	t.Parallel()
	second := time.Now().Truncate(time.Second)
	r := newRig(t, rigOptions{env: []string{quietSchedule}, ghost: ghosttest.Options{Now: func() time.Time { return second }}})
	site := r.sites[0]
	crowd(t, site, 10_000)
	report, err := r.Sync(t.Context(), site.name, reconcile.Request{})
	if err != nil || report.Changed() != 10_000 {
		t.Fatalf("%d were written: %v", report.Changed(), err)
	}
	if problem := r.agrees(site); problem != "" {
		t.Error(problem)
	}
	if report, err := r.Sync(t.Context(), site.name, reconcile.Request{}); err != nil || report.Changed() > 0 {
		t.Errorf("again: %d were written, %v", report.Changed(), err)
	}
}
