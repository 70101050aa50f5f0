package reconcile

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// removal is someone to be taken off the list, or, of optOuts, to be told of.
type removal struct {
	id, email, name string
	kind            Kind
	reason          Reason
}

func (r removal) change() Change {
	return Change{Kind: r.kind, MemberID: r.id, Email: r.email, Name: r.name, Reason: r.reason, Handed: true}
}

// asksAtOnce is how many requests to Ghost a run makes at once, where each member
// needs one.
const asksAtOnce = 4

// removals takes off the list who is not to be on it. All are known and counted
// before the first is removed.
func (r *run) removals(ctx context.Context) error {
	all, err := r.missing(ctx)
	if err != nil {
		return err
	}
	all = append(r.later, all...)
	if r.req.DryRun {
		for _, one := range all {
			r.tell(one.change())
		}
		return nil
	}
	if allowed, err := r.mayRemove(ctx, len(all)); err != nil || !allowed {
		return err
	}
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(asksAtOnce)
	for i, one := range all {
		asking.Go(func() error {
			if err := r.remove(ctx, one); err != nil {
				return err
			}
			r.progress(Progress{Phase: Removals, Done: i + 1, Total: len(all)})
			return nil
		})
	}
	return asking.Wait()
}

// mayRemove asks where many are to be removed. A run that nobody watches removes
// none then.
func (r *run) mayRemove(ctx context.Context, n int) (bool, error) {
	bound := r.req.MaxRemovals.of(r.report.Active)
	if n <= bound {
		return true, nil
	}
	var err error
	if !r.req.Scheduled {
		err = r.ask(ctx, Question{Kind: TooManyRemovals, Count: n, Bound: bound})
	}
	if err == nil && !r.req.Scheduled {
		return true, nil
	}
	r.counted(func(report *Report) { report.Held = n })
	if r.req.Scheduled {
		r.Log.ErrorContext(ctx, "sync.removals_held", "site", r.req.Site.Name, "run_id", r.report.RunID, "count", n, "bound", bound,
			"next", "check SITEN_GHOST_URL; if they are right, remove them with: ghostcm sync --prune")
	}
	return false, err
}

// missing finds who is active on the list and not in Ghost. It returns those whom
// the run is to remove, and counts the others.
func (r *run) missing(ctx context.Context) ([]removal, error) {
	if r.list == nil || r.behind {
		return nil, nil
	}
	var all, group []removal
	take := func() error {
		found, err := r.sort(ctx, group)
		all, group = append(all, found...), group[:0]
		return err
	}
	for row, err := range r.list.unmet() {
		if err != nil {
			return nil, err
		}
		if !row.active() {
			continue
		}
		group = append(group, removal{email: strings.Clone(row.email), name: strings.Clone(row.name)})
		if len(group) == chunkSize {
			if err := take(); err != nil {
				return nil, err
			}
		}
	}
	return all, take()
}

// sort tells those who were members, and are not any more, from those whom nobody
// knows.
func (r *run) sort(ctx context.Context, group []removal) ([]removal, error) {
	kind := r.removalKind()
	if len(group) == 0 || kind == "" || !r.req.Prune && !r.req.Scheduled {
		r.counted(func(report *Report) { report.NotInGhost += len(group) })
		return nil, nil
	}
	emails := make([]string, len(group))
	for i, one := range group {
		emails[i] = one.email
	}
	known, err := r.Store.RecallAddresses(ctx, r.req.Site.Name, emails)
	if err != nil {
		return nil, err
	}
	var were, strangers []removal
	for _, one := range group {
		one.kind, one.reason = kind, NotInGhost
		if one.id = known[member.AddressKey(one.email)].Owner; one.id != "" {
			were = append(were, one)
			continue
		}
		one.id, one.reason = r.strangerID(one.email), Unknown
		strangers = append(strangers, one)
	}
	if !r.req.Prune {
		r.counted(func(report *Report) { report.NotInGhost += len(strangers) })
		strangers = nil
	}
	gone, err := r.gone(ctx, were)
	return append(gone, strangers...), err
}

// removalKind is what a deletion in Ghost asks for; "" for nothing.
func (r *run) removalKind() Kind {
	switch p := r.req.Site.Policy.OnDelete; {
	case p == member.DeleteKeeps:
		return ""
	case p == member.DeleteDeletes || r.layout.RemoveByDelete:
		return Delete
	}
	return Unsubscribe
}

// strangerID stands for the id of someone whom Ghost never knew, so that the
// removal can take the one road of a member's deletion. It is another in each
// run: like a member, a stranger is deleted once.
func (r *run) strangerID(email string) string {
	return "orphan-" + member.AddressHash(email) + "-" + r.report.RunID
}

func isStranger(id string) bool { return strings.HasPrefix(id, "orphan-") }

// gone leaves out those whom Ghost has after all.
func (r *run) gone(ctx context.Context, were []removal) ([]removal, error) {
	var ids []string
	for _, one := range were {
		if ghost.ValidID(one.id) {
			ids = append(ids, one.id)
		}
	}
	here := map[string]bool{}
	err := r.again(ctx, func(ctx context.Context) error {
		for facts, err := range r.req.Site.Ghost.MembersByID(ctx, ids) {
			if err != nil && !errors.Is(err, ghost.ErrInvalidMember) {
				return err
			}
			here[facts.ID] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var gone []removal
	for _, one := range were {
		if !here[one.id] && (ghost.ValidID(one.id) || isStranger(one.id)) {
			gone = append(gone, one)
		}
	}
	return gone, nil
}

// remove hands one removal over, after asking Ghost for the last time.
func (r *run) remove(ctx context.Context, one removal) error {
	deleted := r.req.Prune && (one.reason == NotInGhost || one.reason == Unknown)
	if deleted {
		here, err := r.inGhost(ctx, one)
		if err != nil || here {
			return err
		}
	}
	before := &snapshot{Email: one.email, Name: one.name, State: member.StateActive}
	if err := r.journal.write(entry{Kind: one.kind, ID: one.id, Before: before, Reason: one.reason, Handed: true}); err != nil {
		return err
	}
	err := r.removeBy(ctx, one, deleted)
	if err == nil {
		r.tell(one.change())
	}
	return err
}

func (r *run) removeBy(ctx context.Context, one removal, deleted bool) error {
	if !deleted { // a worker finds out by itself, and keeps to the day's bound
		return r.mark(ctx, []string{one.id})
	}
	now := r.Now()
	_, err := r.Inbox.Accept(ctx, store.Delivery{
		Site: r.req.Site.Name, EventID: event + "-" + rand.Text()[:12], ReceivedAt: now,
		Event: member.Event{
			Type: member.Deleted, Inferred: true, SentAt: now, Facts: member.Facts{ID: one.id, Email: member.Some(one.email)},
		},
	})
	return err
}

// inGhost says whether Ghost has the member, or a member with the address of a
// stranger.
func (r *run) inGhost(ctx context.Context, one removal) (here bool, err error) {
	err = r.again(ctx, func(ctx context.Context) error {
		var err error
		if isStranger(one.id) {
			_, here, err = r.req.Site.Ghost.MemberByEmail(ctx, one.email)
		} else {
			_, err = r.req.Site.Ghost.Member(ctx, one.id)
			here = err == nil
		}
		switch {
		case errors.Is(err, ghost.ErrNotFound):
			return nil
		case errors.Is(err, ghost.ErrInvalidMember), errors.Is(err, ghost.ErrUnsearchable):
			here = true // not known to be gone
			return nil
		}
		return err
	})
	return here, err
}

// optOuts hands over who unsubscribed in Campaign Monitor and is subscribed in
// Ghost.
func (r *run) optOuts(ctx context.Context) error {
	for _, one := range r.told {
		one.kind, one.reason = OptOut, OptedOut
		if !r.req.DryRun {
			if r.OptOut == nil {
				return nil
			}
			if err := r.OptOut(ctx, r.req.Site.Name, one.id); err != nil {
				return err
			}
		}
		r.tell(one.change())
	}
	return nil
}
