package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// screen is stderr with a progress bar in its last line, if it is a terminal;
// else a line a minute tells the progress. Whatever else is written first takes
// the bar away, so that lines stay whole.
type screen struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	mu     sync.Mutex
	bar    *progressbar.ProgressBar // nil before the first progress of a stage
	drawn  bool                     // whether the bar stands in the last line
	stage  stage
	began  time.Time // of the stage
	toldAt time.Time // the last line
	total  int       // of the bar
}

// stage is what a bar is about.
type stage struct {
	site  string
	phase reconcile.Phase
}

const (
	tellEvery = time.Minute
	drawEvery = 100 * time.Millisecond
)

// Write takes the bar away and writes.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	return s.out.Write(p)
}

// under is another stream of the same terminal, stdout, which has to take the
// bar away as well.
func (s *screen) under(w io.Writer) io.Writer { return above{s, w} }

type above struct {
	*screen
	w io.Writer
}

// Write takes the bar away and writes to the other stream.
func (a above) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clear()
	return a.w.Write(p)
}

// clear is called with the lock held.
func (s *screen) clear() {
	if s.drawn {
		_ = s.bar.Clear() // a terminal that is gone ends the process by itself
	}
	s.drawn = false
}

// progress shows how far a site is.
func (s *screen) progress(site string, p reconcile.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := stage{site, p.Phase}
	begins := at != s.stage
	if begins {
		s.end()
		s.stage, s.began = at, s.now()
	}
	switch {
	case s.terminal && begins: // a rate needs two looks
		s.draw(reconcile.Progress{Phase: p.Phase, Total: p.Total})
	case s.terminal:
		s.draw(p)
	default:
		s.tell(p)
	}
}

// done takes the bar away for good.
func (s *screen) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	s.stage = stage{}
}

func (s *screen) end() {
	s.clear()
	s.bar = nil
}

// draw redraws the bar; it is called with the lock held.
func (s *screen) draw(p reconcile.Progress) {
	total := -1 // nobody knows
	if p.Total > 0 {
		total = max(p.Total, p.Done) // the members may become more meanwhile
	}
	switch {
	case s.bar == nil || s.bar.IsFinished() && p.Done < total: // there is more than there seemed to be
		s.bar, s.total = s.newBar(total), total
	case s.total != total:
		s.bar.ChangeMax(total)
		s.total = total
	}
	_ = s.bar.Set(p.Done) // as above
	s.drawn = true
}

func (s *screen) newBar(total int) *progressbar.ProgressBar {
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(s.out), progressbar.OptionUseANSICodes(true), progressbar.OptionThrottle(drawEvery),
		progressbar.OptionSetDescription(printable(s.stage.site)+": "+doing(s.stage.phase)),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetWidth(20),
		progressbar.OptionSetSpinnerChangeInterval(0), // else a goroutine without an owner
	)
}

// tell writes a line, a minute after the one before; it is called with the lock held.
func (s *screen) tell(p reconcile.Progress) {
	now := s.now()
	if s.toldAt.IsZero() {
		s.toldAt = now
	}
	if now.Sub(s.toldAt) < tellEvery {
		return
	}
	s.toldAt = now
	_, _ = fmt.Fprintln(s.out, printable(s.stage.site)+": "+doing(p.Phase)+": "+pace(p, now.Sub(s.began)))
}

// pace says how far, how quick, and how long still: 1200 of 5000, 20/s, 3m10s left.
func pace(p reconcile.Progress, took time.Duration) string {
	text := count(p.Done)
	if p.Total > 0 {
		text += " of " + count(max(p.Total, p.Done))
	}
	if took < time.Second || p.Done == 0 {
		return text
	}
	rate := float64(p.Done) / took.Seconds()
	text += fmt.Sprintf(", %.3g/s", rate)
	if left := p.Total - p.Done; left > 0 {
		text += ", " + config.FormatDuration(time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second)) + " left"
	}
	return text
}

// doing is a phase for people.
func doing(p reconcile.Phase) string {
	switch p {
	case reconcile.Listing:
		return "reading the list"
	case reconcile.Members:
		return "comparing members"
	case reconcile.Removals:
		return "removing"
	case reconcile.Queue:
		return "waiting for the queue"
	}
	return string(p)
}
