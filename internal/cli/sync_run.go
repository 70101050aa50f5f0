package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
)

// syncing is one command line at work: sites one after another, told as they go.
type syncing struct {
	*app
	o      syncOptions
	source string // what the list is made like: Ghost, or a journal
	log    *slog.Logger
	screen *screen
	views  []runView
	worst  int // exit code so far
}

// runner does one site's run: a sync, or the undoing of one.
type runner func(ctx context.Context, site string, r reconcile.Request) (reconcile.Report, error)

// newSyncing puts all that is written above the progress bar. Only what needs a
// person is logged, unless a level was asked for on the command line.
func (a *app) newSyncing(l config.Log, o syncOptions) *syncing {
	shown := *a
	s := &syncing{o: o, source: "Ghost", app: &shown, screen: &screen{out: a.stderr, terminal: a.logsToTerminal, now: a.now}}
	shown.stderr, shown.stdout = s.screen, s.screen.under(a.stdout)
	if a.settings["LOG_LEVEL"].Value.String() == "" {
		l.Level = max(l.Level, slog.LevelError)
	}
	s.log = s.logger(l.Format, l.Level)
	return s
}

// run opens the program, looks whether Redis answers, and syncs the sites while
// this process works on the queue as well.
func (s *syncing) run(ctx context.Context, do func(context.Context, *program.Program)) error {
	store.RedirectLog(s.log)
	opened, err := program.Open(program.Options{Config: s.loaded, Log: s.log, RedisURL: s.livingEmbedded(ctx, s.loaded), Build: s.build()})
	if err != nil {
		return unusable(err)
	}
	defer opened.Close() //nolint:errcheck // the process ends
	asking, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if _, err := opened.Queue.Stats(asking); err != nil {
		return unanswered(ctx, err)
	}
	s.banner()
	err = quietly(s.log, func() error {
		if s.o.dryRun {
			do(ctx, opened)
			return nil
		}
		return opened.Assisted(ctx, func(ctx context.Context) { do(ctx, opened) })
	})
	s.screen.done()
	return errors.Join(err, s.conclude())
}

// sites runs one site after another; the failure of one does not stop the others.
func (s *syncing) sites(ctx context.Context, chosen []config.Site, wanted reconcile.Request, run runner) {
	for _, site := range chosen {
		if ctx.Err() == nil {
			s.site(ctx, site, wanted, run)
		}
	}
}

func (s *syncing) site(ctx context.Context, site config.Site, r reconcile.Request, run runner) {
	asked := &asking{syncing: s, name: site.Name}
	r.Ask = asked.ask
	r.OnProgress = func(p reconcile.Progress) { s.screen.progress(site.Name, p) }
	if s.o.verbose {
		r.OnChange = func(c reconcile.Change) { s.change(site.Name, c) }
	}
	report, err := reconcile.Report{}, able(site, r)
	if err == nil {
		report, err = run(ctx, site.Name, r)
	}
	s.ended(site, report, asked.explain(err))
}

// able says what the configuration of a site lacks for what is asked.
func able(site config.Site, r reconcile.Request) error {
	if !site.HasGhost() {
		return reconcile.ErrNoAdminKey
	}
	if r.OptOuts && !site.OptOutsToGhost {
		return exitWith(codeUsage, fmt.Errorf("SITE%d_OPT_OUTS_TO_GHOST is not true: --opt-outs would write to Ghost", site.N))
	}
	return nil
}

// change shows a change. The output is looked at no further: whoever reads it
// ends the process by going away.
func (s *syncing) change(site string, c reconcile.Change) {
	if c.Kind == reconcile.Unchanged {
		return
	}
	v := viewChange(site, c, s.o.reveal)
	if s.o.asJSON {
		s.line(v)
		return
	}
	_ = s.changeLine(v)
}

func (s *syncing) line(v any) { _ = jsonTo(s.stdout).Encode(v) }

// ended tells what became of one site's run.
func (s *syncing) ended(site config.Site, report reconcile.Report, err error) {
	v := viewRun(site.Name, report)
	v.DryRun = s.o.dryRun
	var text string
	if v.ExitCode, text = outcome(site, v, err); v.ExitCode == codeDone && s.o.exitCode && v.changed > 0 {
		v.ExitCode = codeFound
	}
	v.Error = printable(text)
	s.screen.done()
	if text != "" {
		s.notef("ghostcm: %s: %s", site.Name, text)
	}
	if v.BeganAt != nil {
		s.summary(v)
	}
	s.worst = worse(s.worst, v.ExitCode)
	s.views = append(s.views, v)
	if s.o.asJSON && s.o.verbose {
		v.Type = "run"
		s.line(v)
	}
}

// summary tells a run's size and pace, and how it is undone.
func (s *syncing) summary(v runView) {
	took := time.Duration(0)
	if v.EndedAt != nil {
		took = v.EndedAt.Sub(*v.BeganAt)
	}
	text := fmt.Sprintf("%s: compared %d members and %d subscribers in %s, with %d calls to Campaign Monitor",
		v.Site, v.Members, v.Subscribers, took.Round(time.Millisecond), v.Calls)
	if v.Resumed {
		text += "; went on where the last run had stopped"
	}
	s.notef("%s.", text)
	if v.Journal != "" && v.changed > 0 {
		s.notef("%s: ghostcm sync revert %s undoes this run.", v.Site, v.RunID)
	}
}

// conclude writes the counts of all sites, and ends with the worst exit code.
func (s *syncing) conclude() error {
	err := s.counts()
	if s.o.dryRun {
		s.notef("DRY RUN: nothing was written.")
	}
	if err == nil && s.worst != codeDone {
		err = exitWith(s.worst, nil)
	}
	return err
}

func (s *syncing) counts() error {
	if s.o.asJSON {
		if s.o.verbose {
			return nil
		}
		views := s.views
		if views == nil {
			views = []runView{}
		}
		return s.writeJSON(map[string]any{"runs": views})
	}
	var rows [][]string
	for _, v := range s.views {
		if v.BeganAt != nil {
			rows = append(rows, v.rows()...)
		}
	}
	name := "sync"
	if s.o.dryRun {
		name = "dry-run"
	}
	if s.terminal && s.o.dryRun && rows != nil {
		if _, err := fmt.Fprintf(s.stdout, "\n%s\n", s.direction()); err != nil {
			return err
		}
	}
	return s.section(name, []string{"Site", "What", "Members", "Why"}, rows)
}

// banner says loudly that nothing is written, and which way it would go.
func (s *syncing) banner() {
	if s.o.dryRun {
		s.notef("%s; nothing is written anywhere.", s.direction())
	}
}

func (s *syncing) direction() string {
	text := "DRY RUN: " + s.source + " → Campaign Monitor"
	if s.o.optOuts {
		text += ", and opt-outs Campaign Monitor → Ghost"
	}
	return text
}
