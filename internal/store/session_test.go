package store_test

import (
	"testing"
	"time"
)

func TestASessionLivesWhileItIsUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const idle, most = 12 * time.Hour, 24 * time.Hour
	alive := func(id string, idle time.Duration) bool {
		t.Helper()
		ok, err := b.TouchSession(t.Context(), id, idle, most)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if alive("nobody", idle) {
		t.Error("there is a session that nobody opened")
	}
	for _, id := range []string{"a", "b"} {
		if err := b.OpenSession(t.Context(), id, idle); err != nil {
			t.Fatal(err)
		}
	}
	if !alive("a", idle) || !alive("a", 0) {
		t.Error("a new session is over")
	}
	if err := b.CloseSession(t.Context(), "a"); err != nil || alive("a", idle) || !alive("b", idle) {
		t.Errorf("closing one: %v", err)
	}
	b.pass(most - time.Minute)
	if !alive("b", idle) {
		t.Error("it is over before its time")
	}
	if left := b.redis.PTTL(t.Context(), "{ghostcm}:session:b").Val(); left > time.Minute {
		t.Errorf("it would live %v more than it may", left)
	}
	b.pass(time.Minute)
	if alive("b", idle) {
		t.Error("it is used beyond its time")
	}
}
