package fleet_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// fact is what one webhook of Ghost says of a member, and whether somebody at
// ghostcm has said 2xx to it.
type fact struct {
	at                  int64 // when Ghost sent it
	deleted             bool
	email, name, status string
	labels              string
	acknowledged        time.Time // zero: never
}

// person is a member, by the webhooks that Ghost has sent of it.
type person struct {
	site  *site
	id    string
	facts []*fact // in Ghost's order
	out   bool    // opted out, or bounced
	odd   bool    // has an address that Campaign Monitor does not take
	stray bool    // Ghost also sent an edit after the delete
}

// book is what the checker knows.
type book struct {
	mu     sync.Mutex
	people map[string]*person
	closed map[string]bool // addresses of people who are out, by list
	count  struct{ sent, acknowledged, lost, twice int }
}

func newBook() *book { return &book{people: map[string]*person{}, closed: map[string]bool{}} }

// of is the person with an id. Callers hold the lock.
func (b *book) of(s *site, id string) *person {
	key := s.name + "/" + id
	if b.people[key] == nil {
		b.people[key] = &person{site: s, id: id}
	}
	return b.people[key]
}

// Enter enters a webhook that Ghost is about to send.
func (b *book) Enter(s *site, d ghosttest.Delivery) (*fact, error) {
	id, f, err := read(d)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count.sent++
	p := b.of(s, id)
	p.facts = append(p.facts, f)
	slices.SortStableFunc(p.facts, func(x, y *fact) int { return cmp.Compare(x.at, y.at) })
	return f, nil
}

// read takes a webhook apart.
func read(d ghosttest.Delivery) (id string, f *fact, err error) {
	type state struct {
		ID, Email, Name, Status string
		Labels                  []struct{ Name string }
	}
	var body struct {
		Member struct{ Current, Previous state }
	}
	if err := json.Unmarshal(d.Body, &body); err != nil {
		return "", nil, err
	}
	_, t, _ := strings.Cut(d.Header.Get(ghost.SignatureHeader), "t=")
	f = &fact{deleted: d.Event == "member.deleted"}
	if f.at, err = strconv.ParseInt(t, 10, 64); err != nil {
		return "", nil, err
	}
	m := body.Member.Current
	if f.deleted {
		m = body.Member.Previous
	}
	f.email, f.name, f.status = m.Email, m.Name, m.Status
	var labels []string
	for _, l := range m.Labels {
		labels = append(labels, l.Name)
	}
	f.labels = strings.Join(labels, ",")
	return m.ID, f, nil
}

// Answer enters how a webhook was answered.
func (b *book) Answer(f *fact, taken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case taken && f.acknowledged.IsZero():
		f.acknowledged = time.Now()
		b.count.acknowledged++
	case taken:
		b.count.twice++
	default:
		b.count.lost++
	}
}

// Close enters that the person with this member id is out: at every address that
// Ghost has known, and will know.
func (b *book) Close(s *site, id, email string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(s, id).out = true
	b.closed[s.listID+" "+strings.ToLower(email)] = true
}

// Stray enters that Ghost sends an edit of this member after the delete.
func (b *book) Stray(s *site, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(s, id).stray = true
}

// Odd enters that Campaign Monitor will not take this member.
func (b *book) Odd(s *site, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(s, id).odd = true
}

// Acknowledged says since when the newest fact of a member is acknowledged.
func (b *book) Acknowledged(s *site, id string) (newest fact, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.people[s.name+"/"+id]
	if p == nil || len(p.facts) == 0 {
		return fact{}, false
	}
	return *p.facts[len(p.facts)-1], true
}

// standing is the facts of which one has to stand: the newest that was
// acknowledged, and those after it, which may have arrived nevertheless.
func (p *person) standing() (facts []*fact, certain bool) {
	last := -1
	for i, f := range p.facts {
		if !f.acknowledged.IsZero() {
			last = i
		}
	}
	if last < 0 {
		return p.facts, false
	}
	return p.facts[last:], last == len(p.facts)-1
}

func (p *person) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s", p.site.name, p.id)
	if p.out {
		b.WriteString(" (out)")
	}
	for _, f := range p.facts {
		what, ack := f.email, "LOST"
		if f.deleted {
			what = "DELETED " + what
		}
		if !f.acknowledged.IsZero() {
			ack = f.acknowledged.UTC().Format("15:04:05.000")
		}
		fmt.Fprintf(&b, "\n    %s %s %q %s [%s] acknowledged %s", time.UnixMilli(f.at).UTC().Format("15:04:05.000"), what, f.name, f.status, f.labels, ack)
	}
	return b.String()
}
