package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// cast invents people. The same random numbers invent the same people.
type cast struct {
	random *rand.Rand
	began  time.Time
	count  int // of addresses given away
}

// The second Zoë is written with a combining mark, and some labels are what
// operators really write: ghostcm has to make the best of both.
var (
	givenNames = [...]string{
		"Zoë", "Łukasz", "Søren", "Ольга", "Nuño", "Chloé", "Jürgen", "Ayşe", "Đặng", "美咲", "Ελένη", "Siobhán",
		"Björk", "Ana", "Kwame", "Zoe\u0308", "Ines", "Milan", "Noor", "Tove", "Raúl", "Jo", "Priya", "Sam",
	}
	familyNames = [...]string{
		"Ångström", "Kowalski", "Ødegård", "Иванова", "Núñez", "Lefèvre", "Groß", "Yılmaz", "Văn", "佐藤", "Παππά", "O’Brien",
		"Guðmundsdóttir", "Silva", "Mensah", "van den Berg", "Costa", "Novák", "Haddad", "Lind", "Ortega", "Public", "Rao", "Reed",
	}
	labels    = [...]string{"VIP", "Annual", "Early bird", "Gäste", "Partner, Berlin", "新闻", "Do not call", "Beta"}
	statuses  = [...]string{"free", "paid", "comped", "gift"}
	mailHosts = [...]string{"example.org", "example.net", "Example.COM"}
)

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// chance is true once in n times.
func (c *cast) chance(n int) bool { return c.random.IntN(n) == 0 }

// name is hardly ever empty; Ghost does not insist on one.
func (c *cast) name() string {
	if c.chance(40) {
		return ""
	}
	return pick(c.random, givenNames[:]) + " " + pick(c.random, familyNames[:])
}

// address is one that nobody has, at a domain that is reserved for examples.
func (c *cast) address() string {
	c.count++
	return fmt.Sprintf("Reader.%d@%s", c.count, pick(c.random, mailHosts[:]))
}

// newcomer is someone who just joined a publication.
func (c *cast) newcomer() ghosttest.Member {
	return ghosttest.Member{Name: c.name(), Email: c.address(), Labels: c.labels()}
}

// reader is someone who has been a member for a while.
func (c *cast) reader(tier string) ghosttest.Member {
	m := c.newcomer()
	m.CreatedAt = c.began.Add(-time.Duration(c.random.IntN(1000*24)) * time.Hour).UTC().Truncate(time.Second)
	m.Suppressed = c.chance(60)
	if c.chance(8) {
		m.Newsletters = []string{}
	}
	if c.chance(4) {
		m.Status = pick(c.random, statuses[1:])
		m.Tiers = []ghosttest.Grant{{Tier: tier}}
	}
	return m
}

func (c *cast) labels() []string {
	var chosen []string
	for _, label := range labels {
		if c.chance(6) {
			chosen = append(chosen, label)
		}
	}
	return chosen
}
