package store_test

import (
	"testing"
	"time"
)

func TestWhatIsLeftOfTheDaysRemovalsIsWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, known := range []int{0, 1, 2000, 2099, 2100, 2599, 12_345} {
		b := setup(t)
		if known > 0 {
			b.redis.Set(t.Context(), "{ghostcm}:members:"+site, known, 0)
		}
		left := func() int {
			n, err := b.VanishedLeft(t.Context(), site)
			b.do(err)
			return n
		}
		before := left()
		if allowed := b.vanish(15); allowed != 15 || left() != before-15 {
			t.Errorf("of %d: %d were allowed, and %d of %d are left", known, allowed, left(), before)
		}
		if allowed := b.vanish(before + 10); allowed != before || left() != 0 {
			t.Errorf("of %d: %d were said to be left, %d were allowed, and %d are left", known, before, allowed, left())
		}
		b.pass(24 * time.Hour)
		if left() != before {
			t.Errorf("of %d: %d are left the next day", known, left())
		}
	}
}
