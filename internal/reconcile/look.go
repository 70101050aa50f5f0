package reconcile

import (
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// inParts does something for each part of many, on all processors.
func inParts[T any](all []T, do func(part []T) error) error {
	var doing errgroup.Group
	size := max(1, (len(all)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	for part := range slices.Chunk(all, size) {
		doing.Go(func() error { return do(part) })
	}
	return doing.Wait()
}

// join puts a member together with what is remembered of it, in the place of one
// who is done and of whom nothing is kept.
func (p *planner) join(s *subject, facts member.Facts, recalled store.Recalled, now time.Time) {
	*s = subject{
		facts: facts, recalled: recalled, now: now,
		emails: s.emails[:0], addresses: s.addresses, shown: s.shown[:0], places: s.places[:0],
	}
	in := p.input(s)
	s.emails = in.AppendEmails(s.emails)
}

// pick takes what is known of the member's addresses.
func (s *subject) pick(known map[string]member.Address) {
	clear(s.addresses)
	if s.addresses == nil {
		s.addresses = make(map[string]member.Address, len(s.emails))
	}
	for _, email := range s.emails {
		key := member.AddressKey(email)
		if a, ok := known[key]; ok {
			s.addresses[key] = a
		}
	}
}

// lookAll finds what the listing shows of many members, and notes that Ghost has
// them, one after the other: of two with one address the first has it.
func (p *planner) lookAll(items []item) error {
	if p.list == nil {
		return nil
	}
	err := inParts(items, func(part []item) error {
		for i := range part {
			if err := p.look(&part[i].subject); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range items {
		p.meet(&items[i].subject)
	}
	return nil
}

// look finds what the listing shows at the member's addresses.
func (p *planner) look(s *subject) error {
	for _, email := range s.emails {
		r, place, err := p.list.find(email)
		if err != nil {
			return err
		}
		sighting := member.Sighting{At: email}
		if place >= 0 {
			sighting = p.sighting(r, email)
		}
		s.places, s.shown = append(s.places, place), append(s.shown, sighting)
	}
	return nil
}

// meet notes that Ghost has the member's addresses, and whether it is not the
// first to have its own.
func (p *planner) meet(s *subject) {
	for i, place := range s.places {
		if place < 0 {
			continue
		}
		p.list.met.set(place)
		if member.SameAddress(s.emails[i], s.facts.Email.Value) && !p.list.claimed.set(place) {
			s.repeated = true
		}
	}
}

// sighting is a row as it shows at an address.
func (p *planner) sighting(r row, at string) member.Sighting {
	s := r.sighting(at)
	if p.since != nil {
		s.Since = p.since(r.date)
	}
	return s
}

// decideAll decides for many members. Of one for whom there is nothing to do the
// case is not kept: the next has its place.
func (p *planner) decideAll(items []item) {
	_ = inParts(items, func(part []item) error {
		c := new(member.Case)
		for i := range part {
			it := &part[i]
			it.decision = p.decide(&it.subject, c)
			if it.way == nothing {
				it.Case = nil
			} else {
				c = new(member.Case)
			}
		}
		return nil
	})
}
