package demo

import (
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// firstTypo is soon, so that whoever opens the dashboard finds something to do.
const firstTypo = 5 * time.Second

// typo is somebody whose address Campaign Monitor does not take.
type typo struct {
	at    *publication
	id    string
	right string // the address that was meant
}

// typos says when the first one happens; nil is never.
func (s *stage) typos() <-chan time.Time {
	if s.rhythm.typo == 0 {
		return nil
	}
	return time.After(firstTypo)
}

// mistype makes somebody join with an address that becomes a dead letter.
func (s *stage) mistype() error {
	p := pick(s.random, s.publications)
	m := p.cast.newcomer()
	right := m.Email
	m.Email = strings.Replace(right, "@", "@@", 1)
	joined, err := p.ghost.AddMember(m)
	if err != nil {
		return err
	}
	s.reporter.knows(p.name, joined.ID, who(joined))
	s.out.line(plain, pad(p.name, 9)+who(joined)+" joins, and mistypes the address")
	s.mistyped = append(s.mistyped, typo{at: p, id: joined.ID, right: right})
	return nil
}

// correct mends the addresses as an import into Ghost does, of which no webhook
// tells: a replay finds them.
func (s *stage) correct() error {
	for _, t := range s.mistyped {
		t.at.ghost.HoldWebhooks(true)
		err := t.at.ghost.EditMember(t.id, func(m *ghosttest.Member) { m.Email = t.right })
		t.at.ghost.TakeWebhooks()
		t.at.ghost.HoldWebhooks(false)
		if err != nil {
			return err
		}
		s.out.line(plain, pad(t.at.name, 9)+"an address is put right in Ghost by an import, without a webhook: replay the dead letter")
	}
	s.mistyped = nil
	return nil
}
