package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// odd is an address that Ghost takes and Campaign Monitor does not.
const odd = "no-at-sign-for-cm@localhost"

// crowd is the life of one publication's members.
type crowd struct {
	town   *town
	site   *site
	random *rand.Rand
	plain  []string          // ids of members who never shared an address
	mixed  []string          // of those who did
	closed map[string]string // of those who opted out: their address
	made   int
}

func (town *town) newCrowd(s *site) *crowd {
	return &crowd{town: town, site: s, random: town.random("crowd " + s.name), closed: map[string]string{}}
}

// Live lives until ctx ends, at a number of events a second.
func (c *crowd) Live(ctx context.Context, rate int) {
	c.odd()
	for ctx.Err() == nil {
		if err := c.event(); err != nil {
			c.town.t.Errorf("%s: a change in the simulator: %v", c.site.name, err)
			return
		}
		rest(ctx, time.Duration(c.random.IntN(2*int(time.Second)/rate)))
	}
}

func (c *crowd) odd() {
	m, err := c.site.AddMember(ghosttest.Member{Email: odd, Name: "Odd"})
	if err != nil {
		c.town.t.Error(err)
		return
	}
	c.town.book.Odd(c.site, m.ID)
}

// event is one thing that happens.
func (c *crowd) event() error {
	if len(c.plain) < 10 {
		return c.join()
	}
	switch n := c.random.IntN(100); {
	case n < 28:
		return c.join()
	case n < 60:
		return c.touch()
	case n < 72:
		return c.move()
	case n < 78:
		return c.swap()
	case n < 84:
		return c.reuse()
	case n < 92:
		return c.leave()
	case n < 96:
		return c.optOut()
	default:
		return c.rejoin()
	}
}

func (c *crowd) address() string {
	c.made++
	return fmt.Sprintf("Person.%d@%s.example.org", c.made, c.site.name)
}

func (c *crowd) join() error {
	m, err := c.site.AddMember(ghosttest.Member{Email: c.address(), Name: fmt.Sprintf("Person %d", c.made)})
	c.plain = append(c.plain, m.ID)
	return err
}

func (c *crowd) one(ids []string) string { return ids[c.random.IntN(len(ids))] }

// anybody who is a member.
func (c *crowd) anybody() string { return c.one(append(slices.Clone(c.plain), c.mixed...)) }

// touch changes what is no address: often several times in a row, so that events come
// while the one before is worked on.
func (c *crowd) touch() error {
	id := c.anybody()
	for range 1 + c.random.IntN(5) {
		c.made++
		err := c.site.EditMember(id, func(m *ghosttest.Member) {
			switch c.random.IntN(3) {
			case 0:
				m.Name = fmt.Sprintf("Renamed %d", c.made)
			case 1:
				m.Labels = []string{"L1", fmt.Sprintf("L%d", 2+c.random.IntN(20))}
			default:
				m.Labels = nil
			}
		})
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(c.random.IntN(40)) * time.Millisecond)
	}
	return nil
}

func (c *crowd) move() error {
	id, email := c.anybody(), c.address()
	_, out := c.closed[id]
	if out {
		return nil // where that ends depends on whether the webhook arrives
	}
	return c.site.EditMember(id, func(m *ghosttest.Member) { m.Email = email })
}

// swap gives two members each other's addresses.
func (c *crowd) swap() error {
	x, y := c.open(), c.open()
	if x == "" || y == "" || x == y {
		return nil
	}
	ex, ey := c.email(x), c.email(y)
	return errors.Join(
		c.site.EditMember(x, func(m *ghosttest.Member) { m.Email = "swap." + ex }),
		c.site.EditMember(y, func(m *ghosttest.Member) { m.Email = ex }),
		c.site.EditMember(x, func(m *ghosttest.Member) { m.Email = ey }),
	)
}

// reuse has somebody leave, and somebody else come by the same address.
func (c *crowd) reuse() error {
	id := c.open()
	if id == "" {
		return nil
	}
	email := c.email(id)
	c.forget(id)
	if err := c.site.DeleteMember(id); err != nil {
		return err
	}
	m, err := c.site.AddMember(ghosttest.Member{Email: email, Name: fmt.Sprintf("Successor %d", c.made)})
	c.mixed = append(c.mixed, m.ID)
	return err
}

// open is somebody who is not out. It counts as mixed from now on: that its address
// opted out could be said of two people.
func (c *crowd) open() string {
	id := c.anybody()
	if _, out := c.closed[id]; out {
		return ""
	}
	c.plain = slices.DeleteFunc(c.plain, func(other string) bool { return other == id })
	if !slices.Contains(c.mixed, id) {
		c.mixed = append(c.mixed, id)
	}
	return id
}

func (c *crowd) forget(id string) {
	same := func(other string) bool { return other == id }
	c.plain, c.mixed = slices.DeleteFunc(c.plain, same), slices.DeleteFunc(c.mixed, same)
}

func (c *crowd) email(id string) string {
	for _, m := range c.site.Members() {
		if m.ID == id {
			return m.Email
		}
	}
	return ""
}

// leave is a delete, now and then with an edit that comes after it.
func (c *crowd) leave() error {
	id := c.anybody()
	c.forget(id)
	if err := c.site.DeleteMember(id); err != nil {
		return err
	}
	if c.random.IntN(3) > 0 {
		return nil
	}
	late, err := c.site.LateEdit(id)
	if err == nil {
		c.town.book.Stray(c.site, id)
		c.town.post.Stray(c.site, late)
	}
	return err
}

// optOut has a person opt out, or a mailbox bounce, in Campaign Monitor.
func (c *crowd) optOut() error {
	id := c.one(c.plain)
	email := c.email(id)
	sub, found := c.town.list.Subscriber(c.site.listID, email)
	if _, out := c.closed[id]; out || !found || sub.State != "Active" {
		return nil
	}
	state := "Unsubscribed"
	if c.random.IntN(4) == 0 {
		state = "Bounced"
	}
	if c.town.list.SetState(c.site.listID, email, state) {
		c.closed[id] = email
		c.town.book.Close(c.site, id, email)
	}
	return nil
}

// rejoin has somebody who is out leave Ghost and join again, by the same address.
func (c *crowd) rejoin() error {
	for _, id := range slices.Sorted(maps.Keys(c.closed)) {
		email := c.closed[id]
		if !slices.Contains(c.plain, id) {
			continue
		}
		c.forget(id)
		delete(c.closed, id)
		if err := c.site.DeleteMember(id); err != nil {
			return err
		}
		m, err := c.site.AddMember(ghosttest.Member{Email: email, Name: "Back Again"})
		if err != nil {
			return err
		}
		c.plain, c.closed[m.ID] = append(c.plain, m.ID), email
		c.town.book.Close(c.site, m.ID, email)
		return nil
	}
	return nil
}
