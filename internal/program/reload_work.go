package program

import "context"

// Work does jobs until ctx ends, and drains. After a reload the newest program's
// workers begin at once, beside those of the one before, which end what they are
// doing and start nothing more: two processes would do the same.
func (p *Program) Work(ctx context.Context) error {
	later := make(chan *Program, 1)
	defer p.succession.follow(func(next *Program) { replace(later, next) })()
	for working := startShift(ctx, <-later); ; {
		select {
		case err := <-working.ended:
			return err
		case next := <-later:
			before := working
			working = startShift(ctx, next)
			// It has left jobs to be done again, which is no reason to end the others.
			if err := before.end(); err != nil {
				p.opt.Log.Error("worker.retired", "error", err.Error())
			}
		}
	}
}

// replace puts the newest into a channel of one place, whatever is in it. Nobody
// else puts anything in meanwhile: Reload holds the succession.
func replace(one chan *Program, newest *Program) {
	select {
	case <-one:
	default:
	}
	one <- newest
}

// shift is the work of one program.
type shift struct {
	retire context.CancelFunc
	ended  chan error // gets what the work ended with
}

func startShift(ctx context.Context, p *Program) *shift {
	ctx, retire := context.WithCancel(ctx)
	s := &shift{retire: retire, ended: make(chan error, 1)}
	go func() {
		defer retire()
		s.ended <- p.work(ctx)
	}()
	return s
}

// end waits for the drain.
func (s *shift) end() error {
	s.retire()
	return <-s.ended
}
