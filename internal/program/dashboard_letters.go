package program

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/dashboard"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// lookAtLetters is how many dead letters a page looks at. Reading one takes some
// microseconds.
const lookAtLetters = 1500

// letterFilter turns what was typed into what the queue understands.
func (p *Program) letterFilter(q dashboard.LetterQuery) (f jobs.DeadFilter, err error) {
	f = jobs.DeadFilter{Kind: q.Kind, ID: strings.TrimSpace(q.ID), Reason: q.Reason, EmailHash: q.EmailHash, Limit: q.Limit}
	now := time.Now()
	if f.From, err = Moment(q.From, now, false); err != nil {
		return f, &dashboard.BadQuery{Field: "from", Text: err.Error()}
	}
	if f.To, err = Moment(q.To, now, true); err != nil {
		return f, &dashboard.BadQuery{Field: "to", Text: err.Error()}
	}
	if q.Site != "" {
		site, ok := p.opt.Config.Site(q.Site)
		if !ok {
			return f, &dashboard.BadQuery{Field: "site", Text: "no site is called so"}
		}
		f.Site = site.Name
	}
	return f, nil
}

// Letters is a page of dead letters.
func (c *cockpit) Letters(ctx context.Context, q dashboard.LetterQuery) (page dashboard.LetterPage, err error) {
	p := c.current()
	f, err := p.letterFilter(q)
	if err != nil {
		return page, err
	}
	if page.Total, err = p.Queue.DeadCount(ctx); err != nil {
		return page, err
	}
	found, err := p.Queue.LatestDead(ctx, f, q.After, lookAtLetters)
	page.Letters, page.Next = found.Letters, found.Next
	return page, err
}

// Letter is one dead letter, and what waits for its member.
func (c *cockpit) Letter(ctx context.Context, ref dashboard.LetterRef) (l dashboard.Letter, found bool, err error) {
	if l.DeadLetter, found, err = c.letterAt(ctx, ref); !found || err != nil {
		return l, found, err
	}
	l.Kept, err = c.box().Kept(ctx, l.DeadLetter)
	return l, true, err
}

func (c *cockpit) letterAt(ctx context.Context, ref dashboard.LetterRef) (jobs.DeadLetter, bool, error) {
	p := c.current()
	if !ref.Died.IsZero() {
		return p.Queue.DeadAt(ctx, ref.ID, ref.Died)
	}
	for letter, err := range p.Queue.Dead(ctx, jobs.DeadFilter{ID: ref.ID, Limit: 1}) {
		return letter, err == nil, err
	}
	return jobs.DeadLetter{}, false, nil
}

// CountLetters counts all that match, by what they have in common.
func (c *cockpit) CountLetters(ctx context.Context, q dashboard.LetterQuery) ([]dashboard.LetterGroup, error) {
	p := c.current()
	f, err := p.letterFilter(q)
	if err != nil {
		return nil, err
	}
	counts := map[dashboard.LetterGroup]int{}
	for l, err := range p.Queue.Dead(ctx, f) {
		if err != nil {
			return nil, err
		}
		counts[dashboard.LetterGroup{Site: l.Site, Kind: l.Kind, Code: l.Code}]++
	}
	var groups []dashboard.LetterGroup
	for g, n := range counts {
		g.Letters = n
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b dashboard.LetterGroup) int {
		return cmp.Or(cmp.Compare(b.Letters, a.Letters), cmp.Compare(a.Site, b.Site),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Code, b.Code))
	})
	return groups, nil
}

// deed does something with one letter after the other, and gathers what it did.
type deed struct {
	box     worker.Letters
	verb    dashboard.Verb
	revival jobs.Revival
	doings  worker.Doings
	did     dashboard.Did
}

func (c *cockpit) deed(verb dashboard.Verb) *deed {
	d := &deed{
		box: c.box(), verb: verb, revival: jobs.Revival{Run: rand.Text()[:12]},
		doings: worker.Doings{Who: byDashboard, Event: worker.EventReplay, Outcome: worker.OutcomeReplayed},
	}
	if verb == dashboard.Drop {
		d.doings.Event, d.doings.Outcome = worker.EventDrop, worker.OutcomeDropped
	}
	return d
}

func (d *deed) do(ctx context.Context, l jobs.DeadLetter) error {
	done, err := d.act(ctx, l)
	switch {
	case errors.Is(err, jobs.ErrUnreadable):
		d.did.Unreadable++
	case err != nil:
		return err
	case done:
		d.did.Done++
		d.doings.Add(l, time.Now())
	default:
		d.did.Gone++
	}
	return nil
}

func (d *deed) act(ctx context.Context, l jobs.DeadLetter) (bool, error) {
	if d.verb == dashboard.Drop {
		return d.box.Drop(ctx, l)
	}
	fate, err := d.box.Replay(ctx, l, d.revival)
	return fate == worker.Replayed, err
}

// noteWithin bounds what is waited for the activity.
const noteWithin = 2 * time.Second

// note writes to the activity what was done, also if the rest went wrong.
func (d *deed) note(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	return d.box.Note(ctx, &d.doings)
}

// Do does it with letters that were chosen one by one.
func (c *cockpit) Do(ctx context.Context, verb dashboard.Verb, refs []dashboard.LetterRef) (dashboard.Did, error) {
	d := c.deed(verb)
	var err error
	for _, ref := range refs {
		var letter jobs.DeadLetter
		var found bool
		if letter, found, err = c.letterAt(ctx, ref); err != nil {
			break
		}
		if !found {
			d.did.Gone++
			continue
		}
		if err = d.do(ctx, letter); err != nil {
			break
		}
	}
	return d.did, errors.Join(err, d.note(ctx))
}

// DoAll does it with all that match, one after the other, as a task.
func (c *cockpit) DoAll(_ context.Context, verb dashboard.Verb, q dashboard.LetterQuery) (string, error) {
	p := c.current()
	f, err := p.letterFilter(q)
	if err != nil {
		return "", err
	}
	f.To = earlier(f.To, time.Now()) // those that die from now on were not counted
	t := newTask(map[dashboard.Verb]string{dashboard.Replay: TaskReplay, dashboard.Drop: TaskDrop}[verb], f.Site, byDashboard)
	d := c.deed(verb)
	f.Except = d.revival.Run
	return c.tasks.begin(p, t, func(ctx context.Context, k *taskTeller) {
		err := c.doEach(ctx, k, d, f)
		k.end(func(t *store.Task) { t.State, t.Reason = endOf(ctx, err) })
	})
}

func (c *cockpit) doEach(ctx context.Context, k *taskTeller, d *deed, f jobs.DeadFilter) error {
	var err error
	for letter, readErr := range c.current().Queue.Dead(ctx, f) {
		if err = readErr; err == nil {
			err = d.do(ctx, letter)
		}
		if err != nil {
			break
		}
		k.change(func(t *store.Task) {
			t.Done++
			t.Counts["done"], t.Counts["gone"], t.Counts["unreadable"] = d.did.Done, d.did.Gone, d.did.Unreadable
		})
	}
	return errors.Join(err, d.note(ctx))
}

func endOf(ctx context.Context, err error) (store.TaskState, string) {
	switch {
	case ctx.Err() != nil:
		return store.TaskStopped, "Stopped; what was not reached is as it was."
	case err != nil:
		return store.TaskFailed, "Redis failed: " + redisReason(err) + ". What was not reached is as it was."
	}
	return store.TaskDone, ""
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
