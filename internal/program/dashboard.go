package program

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/dashboard"
	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/password"
	"github.com/ghostcm/ghostcm/internal/server"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// byDashboard is how the activity names what a person did with the dashboard.
const byDashboard = "dashboard"

// cockpit is what the dashboard shows and does, by the newest configuration.
type cockpit struct {
	*succession
	tasks *tasks
}

// signInsPerMinute is how often a client may try a password.
const signInsPerMinute = 10

// newDashboard makes what a whole succession of programs has in common.
func (p *Program) newDashboard() *dashboard.Dashboard {
	succession := p.succession
	c := &cockpit{succession, p.tasks}
	proxies := p.opt.Config.Server.TrustedProxies
	return dashboard.New(dashboard.Options{
		Password: func() password.Password { return succession.current().password() },
		Sessions: p.Store, Tries: server.NewLimiter(signInsPerMinute, proxies, time.Now),
		Secure: func(r *http.Request) bool {
			return server.OverTLS(r, succession.current().opt.Config.Server.TrustedProxies)
		},
		Reason: redisReason, Sight: c, Activities: c, Letters: c, Acts: c, Syncs: c, Runs: c, Examiner: c, Revealer: c,
		Tills: c, Purchases: c, PurchaseActs: c, Spool: c.waiting,
		Version: p.opt.Build.Version, Log: p.opt.Log,
	})
}

// password is what opens the dashboard; the zero one, which nothing does, unless
// it is configured.
func (p *Program) password() password.Password {
	known, _ := password.Parse(p.opt.Config.Server.DashboardPassword.Reveal()) // config has refused what cannot be parsed
	return known
}

// pages is the dashboard of a succession, made when it is first wanted: most
// processes have none, and start faster.
type pages struct {
	make func() *dashboard.Dashboard
	once sync.Once
	made chan struct{}
	it   *dashboard.Dashboard
}

func (l *pages) get() *dashboard.Dashboard {
	l.once.Do(func() {
		l.it = l.make()
		close(l.made)
	})
	return l.it
}

// run keeps the pages live until ctx ends, from when on there are some.
func (l *pages) run(ctx context.Context) {
	select {
	case <-l.made:
		l.it.Run(ctx)
	case <-ctx.Done():
	}
}

// keepDashboard keeps pages live, and tasks running, until ctx ends or stop is
// called, which waits for both.
func (p *Program) keepDashboard(ctx context.Context) (stop func()) {
	return keep(ctx, func(ctx context.Context) {
		p.tasks.open(ctx)
		p.pages.run(ctx)
		p.tasks.close()
	})
}

// Sites are the names of the sites.
func (c *cockpit) Sites() []string { return c.current().siteNames() }

// Overview is what status tells, and how each site is.
func (c *cockpit) Overview(ctx context.Context) (dashboard.Overview, error) {
	p := c.current()
	began := time.Now()
	if err := p.Store.Ping(ctx); err != nil {
		return dashboard.Overview{}, err
	}
	seen := dashboard.Overview{Redis: time.Since(began)}
	o, err := p.Overview(ctx)
	if err != nil {
		return seen, err
	}
	glances, err := p.Store.Glances(ctx, p.siteNames())
	if err != nil {
		return seen, err
	}
	if seen.Sold, err = c.Tally(ctx); err != nil {
		return seen, err
	}
	seen.Queue, seen.Inbox, seen.Workers = o.Queue, o.Inbox, o.Workers
	for i, s := range p.sites {
		seen.Sites = append(seen.Sites, dashboard.Site{
			Name: s.Name, HasGhost: s.Ghost != nil, Gate: o.Sites[i].Gate, CatchUp: o.Sites[i].CatchUp, Pace: s.Pace, Glance: glances[i],
		})
	}
	return seen, nil
}

// Examine is what doctor finds, without a public URL.
func (c *cockpit) Examine(ctx context.Context) (doctor.Report, error) {
	return c.current().Doctor(ctx, Examination{})
}

// eventReveal is an address that was shown to a person.
const (
	eventReveal     = "reveal"
	outcomeRevealed = "revealed"
)

// Reveal shows an address once the activity says so.
func (c *cockpit) Reveal(ctx context.Context, site, memberID string) (string, error) {
	p := c.current()
	kept, err := p.Store.Kept(ctx, site, memberID)
	if err != nil {
		return "", err
	}
	recalled, err := p.Store.Recall(ctx, site, []string{memberID})
	if err != nil {
		return "", err
	}
	email := cmp.Or(kept.Email, recalled[0].Memory.Email)
	if email == "" {
		return "", nil
	}
	return email, p.Store.Note(ctx, store.Activity{
		At: time.Now(), Site: site, Event: eventReveal, MemberID: memberID, EmailHash: hashOf(email),
		Outcome: outcomeRevealed, Who: byDashboard,
	})
}

func (c *cockpit) box() worker.Letters {
	p := c.current()
	return worker.Letters{Store: p.Store, Queue: p.Queue}
}
