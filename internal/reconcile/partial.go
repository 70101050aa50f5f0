package reconcile

import (
	"context"
	"iter"

	"github.com/ghostcm/ghostcm/internal/member"
)

// RunMembers makes the list right for the given members alone, as Ghost just
// showed them. It does not read the list: what is remembered of it is believed.
// Nobody is removed for not being among them. It has no checkpoint: run it again.
func (e *Engine) RunMembers(ctx context.Context, req Request, members iter.Seq2[member.Facts, error]) (Report, error) {
	return e.run(ctx, req, func(ctx context.Context, r *run) error {
		r.partial = true
		all := func(context.Context, string) iter.Seq2[member.Facts, error] { return members }
		if err := r.members(ctx, all, ""); err != nil || r.cut {
			return err
		}
		return r.removals(ctx)
	})
}
