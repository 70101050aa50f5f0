package reconcile

import (
	"context"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// How many imports are under way at once, how many members a run may walk past
// one whose change waits for its batch to be full, and how often the run notes
// how far it is.
const (
	importsAtOnce   = 4
	batchPatience   = 20_000
	checkpointEvery = time.Second
)

// source yields members of Ghost whose ids sort after one.
type source func(ctx context.Context, after string) iter.Seq2[member.Facts, error]

// walker takes the members of a run through deciding into batches.
type walker struct {
	*run
	writing *errgroup.Group
	items   []item         // of the chunk in hand; what is kept of one is moved away
	batches map[way]*batch // being filled, by what is done with them
	last    string         // the id before that of the next to be decided
	safe    string         // the id up to which all are on their way
	noted   time.Time
	total   int

	open map[*batch]bool // not carried out yet; guarded by run.mu
}

// batch is members for whom the same is to be done.
type batch struct {
	way   way
	items []*item
	keys  map[string]bool // addresses in it
	after string          // the id before its first member's
	began int             // how many members had been seen when it was begun
}

// item is a member in a batch.
type item struct {
	subject
	decision
	sent bool // an import that carried it was tried; whether it was done may not be known
}

// members brings every member that the source yields to what it should be.
func (r *run) members(ctx context.Context, from source, after string) error {
	ctx, stop := context.WithCancel(ctx)
	defer r.readers.Wait()
	defer stop()
	w := &walker{run: r, batches: map[way]*batch{}, last: after, safe: after, open: map[*batch]bool{}, total: r.countMembers(ctx)}
	var writing context.Context
	w.writing, writing = errgroup.WithContext(ctx)
	w.writing.SetLimit(importsAtOnce)
	err := w.walkThrough(writing, r.walk(writing, from(writing, after)))
	if err == nil {
		w.flush(writing, func(*batch) bool { return true })
	}
	failed := w.writing.Wait()
	if failed != nil {
		err = failed // what it stopped is only its echo
	}
	if note := w.note(context.WithoutCancel(ctx)); err == nil {
		err = note
	}
	return err
}

// countMembers asks how many there are, for the progress alone.
func (r *run) countMembers(ctx context.Context) int {
	if r.list == nil {
		return 0
	}
	n, err := r.req.Site.Ghost.CountMembers(ctx)
	if err != nil {
		return 0 // the walk will tell of what is wrong
	}
	return n
}

func (w *walker) walkThrough(ctx context.Context, chunks <-chan walked) error {
	for c := range chunks {
		if c.err != nil {
			return c.err
		}
		if err := w.take(ctx, c.chunk); err != nil {
			return err
		}
		if w.full() {
			w.cut = true
			return nil
		}
		seen := w.report.Members
		w.flush(ctx, func(b *batch) bool { return seen-b.began >= batchPatience })
		if w.Now().Sub(w.noted) >= checkpointEvery {
			if err := w.note(ctx); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// take decides for a chunk of members, and sends what is to be done on its way.
func (w *walker) take(ctx context.Context, c chunk) error {
	w.items = slices.Grow(w.items[:0], len(c.members))[:len(c.members)]
	items := w.items
	if err := w.recall(ctx, c, items); err != nil {
		return err
	}
	for _, id := range c.bad {
		w.tell(Change{Kind: Fail, MemberID: id, Reason: Unreadable, Err: errUnreadable})
	}
	if err := w.plan.lookAll(items); err != nil {
		return err
	}
	w.plan.decideAll(items)
	handed, err := w.sendAll(ctx, items)
	if err != nil {
		return err
	}
	w.counted(func(r *Report) { r.Members += len(items) })
	w.progress(Progress{Phase: Members, Done: w.report.Members, Total: w.total})
	if err := w.handOver(ctx, handed); err != nil {
		return err
	}
	w.safe = c.last
	return nil
}

// sendAll puts members where what is to be done for them is done, and returns
// those who are to be handed over.
func (w *walker) sendAll(ctx context.Context, items []item) (handed []*item, err error) {
	for i := range items {
		it := &items[i]
		if err := w.settleRival(ctx, it); err != nil {
			return nil, err
		}
		id := it.facts.ID // once sent, what it was is its batch's
		handed = w.send(ctx, it, handed)
		if w.full() {
			break
		}
		w.last = id
	}
	return handed, nil
}

// send puts a member where what is to be done for it is done.
func (w *walker) send(ctx context.Context, it *item, handed []*item) []*item {
	if it.news && w.req.OptOuts {
		w.told = append(w.told, removal{id: it.facts.ID, email: it.facts.Email.Value, name: it.facts.Name.Value})
	}
	switch it.way {
	case nothing:
		w.tell(it.change)
	case remove:
		c := it.change
		w.later = append(w.later, removal{id: c.MemberID, email: c.Email, name: c.Name, kind: c.Kind, reason: c.Reason})
	case handOver:
		return append(handed, it)
	case remember, write:
		w.put(ctx, it)
	}
	return handed
}

// put adds a member to the batch of its way, and sends the batch off if it is
// full.
func (w *walker) put(ctx context.Context, it *item) {
	key := member.AddressKey(it.facts.Email.Value)
	b := w.batches[it.way]
	if b == nil {
		b = &batch{way: it.way, keys: map[string]bool{}, after: w.last, began: w.report.Members}
		w.batches[it.way] = b
		w.counted(func(*Report) { w.open[b] = true })
	}
	if b.keys[key] { // nobody has it yet, so no row told
		w.tell(w.plan.skip(&it.subject, DuplicateAddress).change)
		return
	}
	b.keys[key] = true
	kept := *it
	b.items = append(b.items, &kept)
	*it = item{}
	if len(b.items) == campaignmonitor.MaxImport || w.full() {
		w.dispatch(ctx, b)
	}
}

// full says whether the changes made, and those on their way, are as many as the
// run may make.
func (w *walker) full() bool {
	if w.req.Limit == 0 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.report.Changed() + len(w.later)
	for b := range w.open {
		if b.way == write {
			n += len(b.items)
		}
	}
	return n >= w.req.Limit
}

// dispatch has a batch carried out, as soon as not too many others are.
func (w *walker) dispatch(ctx context.Context, b *batch) {
	delete(w.batches, b.way)
	w.writing.Go(func() error {
		if err := w.execute(ctx, b); err != nil {
			return err
		}
		w.counted(func(*Report) { delete(w.open, b) })
		return nil
	})
}

// flush sends batches off that are not full.
func (w *walker) flush(ctx context.Context, which func(*batch) bool) {
	for _, way := range []way{remember, write} {
		if b := w.batches[way]; b != nil && which(b) {
			w.dispatch(ctx, b)
		}
	}
}

// note keeps how far the run is: up to the first member whose change is not made.
func (w *walker) note(ctx context.Context) error {
	w.noted = w.Now()
	w.mu.Lock()
	cursor := w.safe
	for b := range w.open {
		cursor = min(cursor, b.after)
	}
	w.mu.Unlock()
	return w.checkpoint(ctx, cursor)
}

// recall joins members with what is remembered of them and of their addresses.
func (r *run) recall(ctx context.Context, c chunk, into []item) error {
	ids := make([]string, len(c.members))
	for i := range ids {
		ids[i] = c.members[i].ID
	}
	recalled, err := r.Store.Recall(ctx, r.req.Site.Name, ids)
	if err != nil {
		return err
	}
	emails := make([]string, 0, len(ids))
	for i := range into {
		r.plan.join(&into[i].subject, c.members[i], recalled[i], c.from)
		emails = append(emails, into[i].emails...)
	}
	known, err := r.Store.RecallAddresses(ctx, r.req.Site.Name, emails)
	if err != nil {
		return err
	}
	for i := range into {
		into[i].pick(known)
	}
	return nil
}
