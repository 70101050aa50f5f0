package jobs_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

func TestVerdictsCanBeAskedForThroughAnyWrapping(t *testing.T) {
	t.Parallel()
	cause, now := errors.New("busy"), time.Unix(1_700_000_000, 0)
	wrap := func(err error) error { return errors.Join(fmt.Errorf("doing: %w", err), nil) }
	if d := jobs.RetryAfterOf(wrap(jobs.RetryAfter(cause, time.Hour))); d != time.Hour {
		t.Errorf("retry after %v", d)
	}
	if d := jobs.RetryAfterOf(wrap(cause)); d != 0 {
		t.Errorf("a plain error wants to wait %v", d)
	}
	if !jobs.IsPermanent(wrap(jobs.Permanent(cause))) || jobs.IsPermanent(wrap(cause)) {
		t.Error("permanent is told wrongly")
	}
	for want, err := range map[time.Duration]error{
		time.Minute: jobs.Snooze(time.Minute), 3 * time.Second: jobs.SnoozeUntilSlot(now.Add(3 * time.Second)), 0: jobs.SnoozeUntilSlot(now.Add(-time.Second)),
	} {
		if d, snoozed := jobs.SnoozedFor(wrap(err), now); !snoozed || d != want {
			t.Errorf("snoozed %t for %v, want %v", snoozed, d, want)
		}
	}
	if _, snoozed := jobs.SnoozedFor(wrap(cause), now); snoozed {
		t.Error("a plain error snoozes")
	}
}
