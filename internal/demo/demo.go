// Package demo plays ghostcm for people who want to watch it: two simulated
// Ghosts, a simulated Campaign Monitor, an in-memory Redis and the real program
// in one process, with invented members whose lives reach the lists while one
// looks on.
//
// It promises that nothing but this machine's loopback is touched and nothing
// stays behind, that people are shown by their invented names, never by an
// address, and that the story of Options.Once ends with both sides compared
// field by field. It holds no rule of ghostcm: what happens to a subscriber is
// what the program decides.
package demo

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/program"
)

// Options say what is played, and to whom. Out is required.
type Options struct {
	// Once plays a fixed story that ends by itself, instead of a stream of events.
	Once bool
	Out  io.Writer
	// Terminal is whether Out can redraw a line, for the progress; Color whether
	// it shows colours.
	Terminal, Color bool
	// Port is where webhooks are taken; 0 is 3000, or any free one if that is taken.
	Port int
	// Log gets the program's own records; nil keeps them to what the demo tells.
	Log   slog.Handler
	Build program.Build

	// meanwhile, if set, is called when the story is over and before the sides
	// are compared: for tests, to do what no webhook tells of.
	meanwhile func(*stage)
	rhythm    rhythm // of the stream; zero is calm
	readers   int    // members in the beginning, over all sites; zero is 500
}

// ErrDiffer is a story that ended with the two sides not alike.
var ErrDiffer = errors.New("the two sides differ")

// Run plays until the story is over, or, without Once, until ctx ends, which is
// then no error. It returns an error that wraps ErrDiffer if the sides do not
// agree in the end; what differs has been written to Out.
func Run(ctx context.Context, o Options) error {
	s, err := build(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(s.run(ctx), s.close())
}

// run plays while the program runs.
func (s *stage) run(ctx context.Context) error {
	playing, stopPlaying := context.WithCancel(ctx)
	defer stopPlaying()
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	var running errgroup.Group
	running.Go(func() error {
		defer stopPlaying()
		return s.program.Both(working, s.listener)
	})
	err := s.play(playing)
	if errors.Is(err, context.Canceled) && (!s.opt.Once || ctx.Err() == nil) {
		err = nil // stopped, as a stream is, or by the program, whose error says more
	}
	s.hushGhosts()
	stopWorking()
	return errors.Join(err, running.Wait())
}

// play is the whole performance.
func (s *stage) play(ctx context.Context) error {
	s.introduce()
	if err := s.fill(); err != nil {
		return err
	}
	if err := s.syncAll(ctx); err != nil {
		return err
	}
	s.pointGhosts()
	if s.opt.Once {
		return s.story(ctx)
	}
	return s.stream(ctx)
}

// seed makes every performance of the story the same.
const seed = 20

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) } //nolint:gosec // invents people, guards nothing

// until waits for a condition, looking often. It returns ctx's error, or
// errTooLong.
func until(ctx context.Context, within time.Duration, holds func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errTooLong)
	defer cancel()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
		}
	}
	return nil
}

var errTooLong = errors.New("it took too long: the machine may be very busy; try again")

// pause waits, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
