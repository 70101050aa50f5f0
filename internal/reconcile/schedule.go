package reconcile

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// Hints takes addresses of people who may have left the site's list; worker.OptOuts
// is one. Once it returns without an error, somebody will look; looked is at how
// many.
type Hints interface {
	Hint(ctx context.Context, site string, emails []string) (looked int, err error)
}

// ScheduledSite is a site that is caught up by a Schedule.
type ScheduledSite struct {
	Site
	OptOuts bool // opt-outs in Campaign Monitor are brought back to Ghost
}

// ScheduleOptions is what a Schedule is made of. Engine and Every are required.
type ScheduleOptions struct {
	Engine *Engine
	Sites  []ScheduledSite // those whose Ghost cannot be asked are left out
	Every  time.Duration   // between two catch-ups of a site; 0: none ever
	Full   time.Duration   // between two full walks; 0: a day
	// SilenceAfter is how long a site that usually has events may have none; 0: for
	// ever.
	SilenceAfter time.Duration
	Hints        Hints // nil: opt-outs are left alone
}

// Schedule catches sites up with what webhooks did not tell: imports and bulk
// edits in Ghost, and what was lost on the way. Any number of processes may run
// one: a site's turn is one process' at a time, and never beside a full sync.
//
// A turn asks Ghost for a census, one request, and reads in full only who came or
// changed since the one before. At least daily, and when somebody asked for it, it
// walks through all members and the whole list.
type Schedule struct {
	ScheduleOptions
	*Engine
	who string

	mu       sync.Mutex
	busy     map[string]bool
	listened time.Time
}

const (
	fullEvery = 24 * time.Hour
	// turnsAtOnce is how many sites one process catches up at once.
	turnsAtOnce = 2
	// Looks are so often at most, and a new process takes none before it has seen
	// its workers start.
	lookEvery   = 10 * time.Second
	settleFirst = 30 * time.Second
	// listenEvery is how often a site is held against its habit.
	listenEvery = 10 * time.Minute
	// busyRetry is when a turn comes again that met a sync.
	busyRetry = time.Minute
)

// NewSchedule makes a schedule; it touches nothing outside.
func NewSchedule(o ScheduleOptions) *Schedule {
	if o.Full == 0 {
		o.Full = fullEvery
	}
	s := &Schedule{ScheduleOptions: o, Engine: o.Engine, busy: map[string]bool{}}
	// Two schedules of one process, while one takes over from the other, are two.
	s.who = o.Engine.Who + ", " + rand.Text()[:4]
	s.Sites = nil
	for _, site := range o.Sites {
		if site.Ghost != nil {
			s.Sites = append(s.Sites, site)
		}
	}
	return s
}

// Run takes turns until ctx ends, and waits for those under way, which stop in
// good order.
func (s *Schedule) Run(ctx context.Context) {
	if s.Every <= 0 || len(s.Sites) == 0 {
		return
	}
	var turns sync.WaitGroup
	defer turns.Wait()
	if sleep(ctx, min(s.Every, settleFirst)) != nil {
		return
	}
	tick := time.NewTicker(min(s.Every, lookEvery))
	defer tick.Stop()
	for {
		s.look(ctx, &turns)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look takes the turns that are due.
func (s *Schedule) look(ctx context.Context, turns *sync.WaitGroup) {
	s.listen(ctx)
	for _, site := range s.Sites {
		if !s.begin(site.Name) {
			continue
		}
		turn, err := s.Store.ClaimCatchUp(ctx, site.Name, s.Every, s.Full, s.who)
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "catchup.unclaimed", "site", site.Name, "reason", err.Error())
		}
		if err != nil || !turn.Due {
			s.end(site.Name)
			continue
		}
		turns.Go(func() {
			defer s.end(site.Name)
			s.take(ctx, site, turn)
		})
	}
}

// begin says whether the process has a hand free for a turn of the site.
func (s *Schedule) begin(site string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[site] || len(s.busy) >= turnsAtOnce {
		return false
	}
	s.busy[site] = true
	return true
}

func (s *Schedule) end(site string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, site)
}

// whySilent is why a full walk is asked for, as status shows it.
const whySilent = "silence"

// listen looks for sites whose webhooks stay away: their events may go elsewhere.
func (s *Schedule) listen(ctx context.Context) {
	if s.SilenceAfter <= 0 || s.Now().Sub(s.listened) < min(s.Every, listenEvery) {
		return
	}
	s.listened = s.Now()
	for _, site := range s.Sites {
		since, silent, err := s.Store.FellSilent(ctx, site.Name, s.SilenceAfter)
		if err == nil && silent {
			s.Log.ErrorContext(ctx, "site.silent", "site", site.Name, "last_event", since.UTC().Format(time.RFC3339),
				"next", "no webhook came for long, though the site usually has some: look at its webhooks in Ghost, ghostcm doctor")
			err = s.Store.AskFullWalk(ctx, site.Name, whySilent)
		}
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "catchup.unheard", "site", site.Name, "reason", err.Error())
		}
	}
}

// take does a turn and leaves word of it.
func (s *Schedule) take(ctx context.Context, site ScheduledSite, turn store.Turn) {
	t := &catchUp{Schedule: s, site: site, turn: turn, began: s.Now(), found: map[string]int{}}
	err := t.whole(ctx)
	t.leave(context.WithoutCancel(ctx), err)
}
