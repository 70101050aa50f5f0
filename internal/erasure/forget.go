package erasure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Event and outcome of the entry that the activity keeps of it.
const (
	EventForget      = "forget"
	OutcomeForgotten = "forgotten"
)

// The kinds of what lies elsewhere than the store.
const (
	DeadLetters  = "dead_letters"
	Jobs         = "jobs"
	StateDirRows = "state_dir_lines"
)

// Kinds lists what is counted, in the order in which it is told.
func Kinds() []string {
	return append(store.ErasedKinds(), DeadLetters, Jobs, StateDirRows)
}

var (
	// ErrBusy says that a worker is writing the person right now.
	ErrBusy = errors.New("a worker is at this member right now")
	// ErrChanged says that something came of the person since Find, so that other things
	// speak against forgetting it, or more than was shown would be forgotten.
	ErrChanged = errors.New("something was heard of this person meanwhile: nothing was erased; look again")
)

// Outcome is what became of it.
type Outcome struct {
	Counts map[string]int // by Kinds
	// Marked is how many ids are kept, each with the time of its deletion.
	Marked int
	// Foreign is why some files of this machine could not be read; nil if all were.
	Foreign error
}

// Nothing is whether nothing was kept.
func (o Outcome) Nothing() bool {
	for _, n := range o.Counts {
		if n > 0 {
			return false
		}
	}
	return true
}

// Count says what Forget would erase, and erases nothing.
func (f *Flow) Count(ctx context.Context, p Person) (Outcome, error) {
	return f.erase(ctx, p, true, nil)
}

const (
	// runLease is how long the site's lock lasts: what is erased takes seconds.
	runLease = 5 * time.Minute
	// lockLease is how long those of the members last; Forget renews them once.
	lockLease = 2 * time.Minute
	lockPause = 200 * time.Millisecond
)

// Forget erases the person, whatever speaks against it but firm objections. It waits for a worker that writes the person, as long as ctx
// lasts; then ErrBusy. *store.ErrRunHeld: a full sync of the site is under way.
// ErrChanged: the person is not as Find told any more, or an objection is firm.
func (f *Flow) Forget(ctx context.Context, p Person, who string) (Outcome, error) {
	run, err := f.Store.OpenRun(ctx, p.Site, runLease, f.Who)
	if err != nil {
		return Outcome{}, err
	}
	bare := context.WithoutCancel(ctx)
	defer func() { _ = run.Close(bare) }() // failing that, it ends by itself
	lease, err := f.lock(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { _ = lease.Unlock(bare) }() // likewise
	now, err := f.Find(ctx, p.Site, p.Asked)
	if err != nil {
		return Outcome{}, err
	}
	if !p.stands(&now) || now.firm() {
		return Outcome{}, ErrChanged
	}
	out, err := f.erase(bare, p, false, lease)
	if err != nil {
		return out, err
	}
	return out, f.Store.Note(bare, store.Activity{
		At: f.Now(), Site: p.Site, Event: EventForget, Outcome: OutcomeForgotten, Who: who, EmailHash: p.Hash(),
	})
}

// stands says whether a person is still who was found, with the same to be said against
// forgetting them.
func (p *Person) stands(now *Person) bool {
	keys := func(emails []string) (all []string) {
		for _, email := range emails {
			all = append(all, member.AddressKey(email))
		}
		return all
	}
	return sameSet(p.IDs, now.IDs) && sameSet(keys(p.Emails), keys(now.Emails)) && sameSet(p.owned, now.owned) &&
		maps.Equal(p.marks(), now.marks()) && sameSet(p.Objections(), now.Objections())
}

// sameSet compares lists without doubles.
func sameSet[T comparable](a, b []T) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(one T) bool { return !slices.Contains(b, one) })
}

// Hash names the person in listings; "" if no address is known.
func (p *Person) Hash() string {
	if len(p.Emails) == 0 {
		return ""
	}
	return member.AddressHash(p.Emails[0])
}

func (f *Flow) lock(ctx context.Context, p Person) (*store.Lease, error) {
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for {
		lease, free, err := f.Store.LockPerson(ctx, p.erasure(false), lockLease)
		if err != nil || free {
			return lease, err
		}
		select {
		case <-ctx.Done():
			return nil, ErrBusy
		case <-pause.C:
		}
	}
}

func (p *Person) erasure(dryRun bool) store.Erasure {
	return store.Erasure{
		Site: p.Site, IDs: p.IDs, Emails: p.Emails, Owned: p.owned, Names: p.names, Gone: p.marks(), Keep: EventForget,
		DryRun: dryRun,
	}
}

// marks are of the members who are gone: of one who is still there, or of whom that is
// not known, a mark would keep the next event from being applied. Where Ghost cannot be
// asked, what it told of a deletion before stands: it gives no id twice.
func (p *Person) marks() map[string]bool {
	if p.GhostErr != nil {
		return p.buried
	}
	return p.gone
}

// erase takes the jobs last: one that runs meanwhile finds nothing to do.
func (f *Flow) erase(ctx context.Context, p Person, dryRun bool, lease *store.Lease) (Outcome, error) {
	out := Outcome{Counts: map[string]int{}, Marked: len(p.marks())}
	lines, err := f.Files.Forget(p.Site, p.isTheirs, func(text string) bool { return p.names(text, nil) }, dryRun)
	out.Counts[StateDirRows] = lines
	if err != nil {
		out.Foreign = err
	}
	erased, err := f.Store.Forget(ctx, p.erasure(dryRun), lease)
	for kind, n := range erased.Counts {
		out.Counts[kind] = n
	}
	if err != nil {
		return out, err
	}
	about := p.about(erased)
	if out.Counts[DeadLetters], out.Counts[Jobs], err = f.Queue.Forget(ctx, about, dryRun); err != nil {
		return out, fmt.Errorf("after the rest was erased: %w", err)
	}
	return out, nil
}

func (p *Person) isTheirs(id string, emails []string) bool {
	return slices.Contains(p.IDs, id) || slices.ContainsFunc(emails, func(email string) bool {
		return slices.ContainsFunc(p.Emails, func(mine string) bool { return member.SameAddress(mine, email) })
	})
}

// about says whether a job concerns the person, by its key or the hash of its
// address.
func (p *Person) about(erased store.Erased) func(site, key, emailHash string) bool {
	keys := slices.Concat(p.IDs, erased.Purchases, erased.Deliveries)
	var hashes []string
	for _, email := range p.Emails {
		hashes = append(hashes, member.AddressHash(email))
	}
	return func(site, key, emailHash string) bool {
		return site == p.Site && (slices.Contains(keys, key) || slices.Contains(hashes, emailHash))
	}
}
