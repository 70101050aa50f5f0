package entitlement

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

// Passes says whether a failure of this code passes by itself.
func Passes(code string) bool { return passes(code) }

// MayRise says whether a dead letter comes back by itself now.
func (f *Flow) MayRise(ctx context.Context, letter jobs.DeadLetter) bool {
	return f.mayRise(ctx, letter, map[string]bool{})
}

// Occupy takes every turn.
func (f *Flow) Occupy() {
	for range Workers {
		f.turns.try("another site")
	}
}
