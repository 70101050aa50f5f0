package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

var errNobody = errors.New("nobody is left to whom this could happen")

// anybody picks a member who is like that.
func (p *publication) anybody(like func(ghosttest.Member) bool) (ghosttest.Member, error) {
	members := slices.DeleteFunc(p.ghost.Members(), func(m ghosttest.Member) bool { return !like(m) })
	if len(members) == 0 {
		return ghosttest.Member{}, errNobody
	}
	return pick(p.cast.random, members), nil
}

// onList says whether a member is an active subscriber.
func (p *publication) onList(m ghosttest.Member) bool {
	s, ok := p.list.Subscriber(p.listID, m.Email)
	return ok && s.State == active
}

// join makes someone a member.
func (p *publication) join(m ghosttest.Member, what string) error {
	return p.reporter.expect(p.name, what, func() (string, string, error) {
		joined, err := p.ghost.AddMember(m)
		return joined.ID, who(joined), err
	})
}

// edit changes a member in Ghost.
func (p *publication) edit(m ghosttest.Member, what string, change func(*ghosttest.Member)) error {
	return p.reporter.expect(p.name, what, func() (string, string, error) {
		return m.ID, who(m), p.ghost.EditMember(m.ID, change)
	})
}

// upgrade gives a member another status, with the tier that belongs to it.
func (p *publication) upgrade(m ghosttest.Member) error {
	others := slices.DeleteFunc(slices.Clone(statuses[:]), func(s string) bool { return s == m.Status })
	to := pick(p.cast.random, others)
	p.previous[m.ID] = m.Status
	return p.edit(m, "is now "+to+" (was "+m.Status+")", func(m *ghosttest.Member) {
		m.Status, m.Tiers = to, nil
		if to != "free" {
			m.Tiers = []ghosttest.Grant{{Tier: p.name}}
		}
	})
}

// move gives a member another address.
func (p *publication) move(m ghosttest.Member) error {
	to := p.cast.address()
	if p.optedOut[member.AddressKey(m.Email)] {
		p.optedOut[member.AddressKey(to)] = true
	}
	return p.edit(m, "has a new address", func(m *ghosttest.Member) { m.Email = to })
}

// relabel gives a member a label, or takes it away.
func (p *publication) relabel(m ghosttest.Member) error {
	label := pick(p.cast.random, labels[:])
	if slices.Contains(m.Labels, label) {
		return p.edit(m, "loses the label "+label, func(m *ghosttest.Member) {
			m.Labels = slices.DeleteFunc(m.Labels, func(l string) bool { return l == label })
		})
	}
	return p.edit(m, "gets the label "+label, func(m *ghosttest.Member) { m.Labels = append(m.Labels, label) })
}

// rename corrects a member's name.
func (p *publication) rename(m ghosttest.Member) error {
	name := pick(p.cast.random, givenNames[:]) + " " + pick(p.cast.random, familyNames[:])
	if name == m.Name {
		name += " Jr"
	}
	return p.edit(m, "is now called "+name, func(m *ghosttest.Member) { m.Name = name })
}

// mute ends a member's newsletters in Ghost, or starts one again.
func (p *publication) mute(m ghosttest.Member) error {
	if len(m.Newsletters) == 0 {
		return p.edit(m, "turns the newsletter on", func(m *ghosttest.Member) { m.Newsletters = []string{p.name} })
	}
	return p.edit(m, "turns the newsletter off", func(m *ghosttest.Member) { m.Newsletters = nil })
}

// burst edits one member quickly.
func (p *publication) burst(edits int) error {
	m, err := p.anybody(p.onList)
	if err != nil {
		return err
	}
	for range edits {
		p.cast.count++ // a name that nobody has
		name := fmt.Sprintf("Busy Reader %d", p.cast.count)
		err := p.edit(m, "is edited in a hurry", func(m *ghosttest.Member) { m.Name = name })
		if err != nil {
			return err
		}
	}
	return nil
}

// leave deletes a member.
func (p *publication) leave(m ghosttest.Member) error {
	return p.reporter.expect(p.name, "leaves", func() (string, string, error) {
		return m.ID, who(m), p.ghost.DeleteMember(m.ID)
	})
}

// optOut is a click on the unsubscribe link of a mail.
func (p *publication) optOut(m ghosttest.Member) {
	p.list.SetState(p.listID, m.Email, unsubscribed)
	p.optedOut[member.AddressKey(m.Email)] = true
	p.reporter.out.line(amber, pad(p.name, 9)+who(m)+" unsubscribes in Campaign Monitor, and has to stay so")
}

// again delivers a webhook once more, as a proxy may.
func (p *publication) again(ctx context.Context, m ghosttest.Member, what string, d ghosttest.Delivery) error {
	err := p.reporter.expect(p.name, what, func() (string, string, error) { return m.ID, who(m), nil })
	if err != nil {
		return err
	}
	status, err := p.ghost.Send(ctx, d)
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("answered %d", status)
	}
	return err
}
