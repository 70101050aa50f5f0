package demo

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// reporter matches what happened in Ghost with what the program says came of
// it, tells both as one line, and counts.
type reporter struct {
	out *printer

	mu      sync.Mutex
	waiting map[person][]change // what was done and is not told yet, oldest first
	names   map[person]string
	seen    map[person][]string // the event ids of a person's last record
	tallies map[string]*tally   // by site
}

// person is a member of a site.
type person struct{ site, id string }

// change is something that happened to a person.
type change struct {
	what string
	at   time.Time
}

// tally counts what happened to a site's events.
type tally struct{ accepted, coalesced, unchanged, retries, dead int }

func (t tally) plus(o tally) tally {
	return tally{t.accepted + o.accepted, t.coalesced + o.coalesced, t.unchanged + o.unchanged, t.retries + o.retries, t.dead + o.dead}
}

func newReporter(out *printer) *reporter {
	return &reporter{
		out: out, waiting: map[person][]change{}, names: map[person]string{}, seen: map[person][]string{}, tallies: map[string]*tally{},
	}
}

// expect does something that sends one webhook, and remembers to tell what comes
// of it. do returns the member's id and name; the webhook may be answered only
// after it returned.
func (r *reporter) expect(site, what string, do func() (id, name string, err error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Now()
	id, name, err := do()
	if err != nil {
		return fmt.Errorf("%s: %s: %w", site, what, err)
	}
	who := person{site, id}
	r.names[who] = name
	r.waiting[who] = append(r.waiting[who], change{what, at})
	return nil
}

// knows tells what somebody is called of whom nothing is to be waited for.
func (r *reporter) knows(site, id, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[person{site, id}] = name
}

// told says whether nothing is left to tell.
func (r *reporter) told() bool { return r.left() == 0 }

// left is how many people's changes are not told yet.
func (r *reporter) left() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// count returns a copy of a site's tally.
func (r *reporter) count(site string) tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *r.tally(site)
}

// tally is called with the lock held.
func (r *reporter) tally(site string) *tally {
	if r.tallies[site] == nil {
		r.tallies[site] = &tally{}
	}
	return r.tallies[site]
}

// hear takes in one record of the program.
func (r *reporter) hear(n note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	site := n.text("site")
	switch n.event {
	case "webhook.accepted":
		r.tally(site).accepted++
		if n.is("coalesced") {
			r.tally(site).coalesced++
		}
	case "member.done":
		r.done(n)
	case "member.retry":
		r.tally(site).retries++
		r.out.line(dim, fmt.Sprintf("%s%s: attempt %s failed (%s)", pad(site, 9), r.name(n), n.text("attempt"), n.text("reason")))
	case "member.dead":
		r.tally(site).dead++
		delete(r.waiting, person{site, n.text("member_id")})
		r.out.line(bad, pad(site, 9)+r.name(n)+": became a dead letter: "+n.text("reason"))
	case "site.breaker_opened":
		r.out.line(bad, pad(site, 9)+"ten failures in a row: the breaker opens, jobs wait, one probe a minute")
	case "site.resumed":
		r.out.line(good, pad(site, 9)+"answers again: what waited runs now, jobs: "+n.text("jobs"))
	case "job.retried", "job.dead": // told above, with the member
	default:
		if n.level >= slog.LevelWarn {
			r.out.line(amber, pad(site, 9)+n.event+" "+n.text("reason"))
		}
	}
}

func (r *reporter) name(n note) string {
	if name := r.names[person{n.text("site"), n.text("member_id")}]; name != "" {
		return name
	}
	return n.text("member_id")
}

// done tells what came of the changes that a record stands for.
func (r *reporter) done(n note) {
	who := person{n.text("site"), n.text("member_id")}
	events := n.list("event_ids")
	fresh := len(slices.DeleteFunc(slices.Clone(events), func(id string) bool { return slices.Contains(r.seen[who], id) }))
	r.seen[who] = events
	if len(events) == 0 { // of the sync
		return
	}
	outcome := n.text("outcome")
	if outcome == "unchanged" {
		r.tally(who.site).unchanged++
	}
	known := r.waiting[who]
	if len(events) < mostEvents {
		known = known[:min(fresh, len(known))]
	}
	r.tell(who, known, n)
	if r.waiting[who] = r.waiting[who][len(known):]; len(r.waiting[who]) == 0 {
		delete(r.waiting, who)
	}
}

// mostEvents is how many ids the inbox keeps: a record with so many may stand
// for more.
const mostEvents = 20

// tell writes one line for each row of changes of the same kind.
func (r *reporter) tell(who person, changes []change, n note) {
	for i := 0; i < len(changes); {
		same := 1
		for i+same < len(changes) && changes[i+same].what == changes[i].what {
			same++
		}
		last := changes[i+same-1]
		what := last.what
		if same > 1 {
			what = fmt.Sprintf("%s, %d times", what, same)
		}
		text, tone := inWords(n.text("outcome"))
		r.out.event(told{site: who.site, who: r.names[who], what: what, outcome: text, tone: tone, took: n.at.Sub(last.at)})
		i += same
	}
}
