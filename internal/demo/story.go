package demo

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// enough is how long any part of the story may take on a machine that does
// other work as well.
const enough = 30 * time.Second

// story plays what happens to members, then looks whether both sides agree.
func (s *stage) story(ctx context.Context) error {
	before := s.writes()
	chapters := []func(context.Context, *publication) error{everyday, partings, consent, haste, repetition}
	for _, chapter := range chapters {
		for _, p := range s.publications {
			if err := chapter(ctx, p); err != nil {
				return err
			}
		}
	}
	if err := s.hiccup(ctx); err != nil {
		return err
	}
	if err := s.allTold(ctx); err != nil {
		return err
	}
	if s.opt.meanwhile != nil {
		s.opt.meanwhile(s)
	}
	return s.conclude(before)
}

// allTold waits until every event has come to its end and nothing waits in the
// inbox.
func (s *stage) allTold(ctx context.Context) error {
	err := until(ctx, enough, func() bool { s.resend(ctx); return s.reporter.told() })
	if err != nil {
		return err
	}
	return s.emptied(ctx)
}

// scene does things in their order, each when the one before has arrived.
func (p *publication) scene(ctx context.Context, steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
		if err := until(ctx, enough, func() bool { p.resend(ctx); return p.reporter.told() }); err != nil {
			return err
		}
	}
	return nil
}

// with picks a member who is on the list, for something to happen to.
func (p *publication) with(do func(ghosttest.Member) error) func() error {
	return func() error {
		m, err := p.anybody(p.onList)
		if err != nil {
			return err
		}
		return do(m)
	}
}

func (p *publication) joins() error { return p.join(p.cast.newcomer(), "joins") }

// everyday is what happens all the time.
func everyday(ctx context.Context, p *publication) error {
	return p.scene(ctx, p.joins, p.joins, p.with(p.upgrade), p.with(p.move), p.with(p.relabel),
		p.with(p.rename), p.with(p.upgrade), p.with(p.mute), p.with(p.relabel), p.with(p.move))
}

// partings: who left and joins again is active again, for leaving Ghost is no
// opt-out. An edit that arrives after the delete does not bring anybody back.
func partings(ctx context.Context, p *publication) error {
	if err := p.scene(ctx, p.with(p.leave)); err != nil {
		return err
	}
	leaver, err := p.anybody(p.onList)
	if err != nil {
		return err
	}
	return p.scene(ctx,
		func() error { return p.leave(leaver) },
		func() error {
			late, err := p.ghost.LateEdit(leaver.ID)
			if err != nil {
				return err
			}
			return p.again(ctx, leaver, "was edited, says a late webhook", late)
		},
		func() error {
			return p.join(ghosttest.Member{Email: leaver.Email, Name: leaver.Name}, "joins again")
		},
	)
}

// consent: who opted out in Campaign Monitor stays out, whatever happens in
// Ghost.
func consent(ctx context.Context, p *publication) error {
	out, err := p.anybody(p.onList)
	if err != nil {
		return err
	}
	p.optOut(out)
	return p.scene(ctx,
		func() error { return p.upgrade(out) },
		func() error { return p.leave(out) },
		func() error {
			return p.join(ghosttest.Member{Email: out.Email, Name: out.Name}, "joins again")
		},
	)
}

// haste is a burst of edits of one member.
func haste(ctx context.Context, p *publication) error {
	return p.scene(ctx, func() error { return p.burst(20) })
}

// repetition is a webhook that is delivered three times.
func repetition(ctx context.Context, p *publication) error {
	m, err := p.anybody(p.onList)
	if err != nil {
		return err
	}
	repeat := func() error {
		sent := p.ghost.Sent()
		return p.again(ctx, m, "is delivered once more", sent[len(sent)-1].Delivery)
	}
	return p.scene(ctx, func() error { return p.relabel(m) }, repeat, repeat)
}

// hiccup is a Campaign Monitor that is away for two seconds.
func (s *stage) hiccup(ctx context.Context) error {
	s.takeDown()
	for _, p := range s.publications {
		for _, happens := range []func() error{p.with(p.relabel), p.with(p.upgrade), p.joins} {
			if err := happens(); err != nil {
				return err
			}
		}
	}
	err := pause(ctx, 2*time.Second)
	s.bringBack()
	return err
}

func (s *stage) takeDown() {
	s.list.SetDown(true)
	s.out.line(bad, "Campaign Monitor is down: it answers 503 to everything")
}

func (s *stage) bringBack() {
	s.list.SetDown(false)
	s.out.line(good, "Campaign Monitor is back")
}
