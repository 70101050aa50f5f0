package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// rhythm is how often things happen in the stream.
type rhythm struct {
	event         time.Duration // half of the longest time between two events
	status        time.Duration
	hiccup        time.Duration // between the beginnings of two
	short, longer time.Duration // how long one takes; every third is a longer one
	typo          time.Duration // between two people who mistype their address; 0 is never
}

// calm is slow enough to read along. Its longer hiccup is one that opens the
// breaker.
func calm() rhythm {
	return rhythm{event: 600 * time.Millisecond, status: 10 * time.Second, hiccup: 30 * time.Second,
		short: 3 * time.Second, longer: 12 * time.Second, typo: 40 * time.Second}
}

// manyLeft changes on their way are a sign that the last hiccup is not over.
const manyLeft = 8

func (r rhythm) hiccupLength(nth int) time.Duration {
	if nth%3 == 0 {
		return r.longer
	}
	return r.short
}

// stream plays random events until ctx ends.
func (s *stage) stream(ctx context.Context) error {
	s.out.line(plain, "a stream of events begins; Ctrl-C ends it")
	status, hiccups := time.NewTicker(s.rhythm.status), time.NewTicker(s.rhythm.hiccup)
	defer status.Stop()
	defer hiccups.Stop()
	event := time.NewTimer(0)
	defer event.Stop()
	typos := s.typos()
	before, nth := s.writes(), 0
	var back <-chan time.Time // set while Campaign Monitor is down
	for {
		select {
		case <-ctx.Done():
			return s.farewell(context.WithoutCancel(ctx), before)
		case <-status.C:
			if err := s.correct(); err != nil {
				return err
			}
			s.status(ctx, before)
		case <-typos:
			typos = time.After(s.rhythm.typo)
			if err := s.mistype(); err != nil {
				return err
			}
		case <-back:
			s.bringBack()
			back = nil
		case <-hiccups.C:
			if back == nil && s.reporter.left() < manyLeft {
				nth++
				back = time.After(s.rhythm.hiccupLength(nth))
				s.takeDown()
			}
		case <-event.C:
			event.Reset(s.rhythm.event/4 + time.Duration(s.random.Int64N(2*int64(s.rhythm.event))))
			if err := s.happen(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// happen makes something happen to somebody.
func (s *stage) happen(ctx context.Context) error {
	p := pick(s.random, s.publications)
	p.resend(ctx)
	var err error
	switch n := s.random.IntN(20); {
	case n < 4:
		err = p.joins()
	case n < 8:
		err = p.with(p.upgrade)()
	case n < 11:
		err = p.with(p.move)()
	case n < 14:
		err = p.with(p.relabel)()
	case n < 15:
		err = p.with(p.mute)()
	case n < 16:
		err = p.with(func(m ghosttest.Member) error { p.optOut(m); return nil })()
	case n < 17:
		err = p.burst(pick(s.random, []int{3, 8, 15}))
	case n < 18:
		err = p.with(p.rename)()
	default:
		err = p.with(p.leave)()
	}
	if errors.Is(err, errNobody) {
		return nil
	}
	return err
}

// status sums up, and compares the sides if nothing is on its way.
func (s *stage) status(ctx context.Context, before map[string]int) {
	backlog, err := s.program.Store.Backlog(ctx)
	if err != nil {
		return // the program's own records tell
	}
	state := fmt.Sprintf("%d members wait", backlog.Members)
	switch dead, err := s.program.Queue.DeadCount(ctx); {
	case err == nil && dead > 0:
		state = fmt.Sprintf("%d dead letters wait for you in the dashboard", dead)
	case backlog.Members == 0 && s.reporter.told():
		state = s.agreement()
	}
	s.out.line(strong, s.numbers(before)+"; "+state)
}

func (s *stage) agreement() string {
	for _, p := range s.publications {
		if d := p.differences(); len(d) > 0 {
			return fmt.Sprintf("the sides differ in %d points: %s", len(d), d[0])
		}
	}
	return "both sides agree"
}

func (s *stage) numbers(before map[string]int) string {
	var sum tally
	writes, now := 0, s.writes()
	for _, p := range s.publications {
		sum = sum.plus(s.reporter.count(p.name))
		writes += now[p.listID] - before[p.listID]
	}
	return fmt.Sprintf("%d events, %d writes, %d coalesced, %d retries, %d dead letters",
		sum.accepted, writes, sum.coalesced, sum.retries, sum.dead)
}

// farewell waits a little for what is on its way, and sums up.
func (s *stage) farewell(ctx context.Context, before map[string]int) error {
	s.hushGhosts()
	if err := until(ctx, 2*time.Second, s.reporter.told); err != nil {
		s.out.line(dim, "some events were still on their way")
	}
	s.out.line(strong, "stopped: "+s.numbers(before))
	return nil
}
