package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnAlertIsChangedByWhoeverIsFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, step := range []struct {
		was, becomes string
		first        bool
		kept         map[string]string
	}{
		{"something", "a", false, map[string]string{}},
		{"", "a", true, map[string]string{"paused:blog": "a"}},
		{"", "b", false, map[string]string{"paused:blog": "a"}},
		{"a", "b", true, map[string]string{"paused:blog": "b"}},
		{"a", "", false, map[string]string{"paused:blog": "b"}},
		{"b", "", true, map[string]string{}},
	} {
		first, err := b.SwapAlert(t.Context(), "paused:blog", step.was, step.becomes)
		if err != nil || first != step.first {
			t.Errorf("step %d: first %t, %v", i, first, err)
		}
		kept, err := b.Alerts(t.Context())
		if diff := cmp.Diff(step.kept, kept); diff != "" || err != nil {
			t.Errorf("step %d: %s, %v", i, diff, err)
		}
	}
}

func TestOneProcessHasTheHeartbeatOfAnInterval(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, want := range []bool{true, false, false} {
		if mine, err := b.ClaimHeartbeat(t.Context(), time.Hour); err != nil || mine != want {
			t.Errorf("claim %d: %t, %v", i, mine, err)
		}
	}
	if left := b.redis.PTTL(t.Context(), "{ghostcm}:heartbeat").Val(); left < 59*time.Minute || left > time.Hour {
		t.Errorf("the next one is in %s", left)
	}
}

func TestASilenceLastsUntilAnEventAndIsStillTheSchedulesToTell(t *testing.T) {
	t.Parallel()
	b := setup(t)
	silent := func() bool {
		t.Helper()
		_, silent, err := b.Silent(t.Context(), site, 24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return silent
	}
	if silent() {
		t.Error("a site without any event is called silent")
	}
	for range 5 {
		b.hear()
		b.pass(23 * time.Hour)
	}
	if silent() {
		t.Error("silent before its time")
	}
	b.pass(2 * time.Hour)
	for range 2 {
		if !silent() {
			t.Error("the silence is not seen as long as it lasts")
		}
	}
	if !b.fellSilent() || !silent() {
		t.Error("who looks takes it from the schedule, or the other way round")
	}
	b.hear()
	if silent() {
		t.Error("silent after an event")
	}
	for range 9 {
		b.hear()
		b.pass(3 * 24 * time.Hour)
	}
	if silent() {
		t.Error("a site with an event every three days is called silent")
	}
}
