package program

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// upstreamTimeout bounds a whole request; the clients have tighter bounds of
// their own, an import the widest (two minutes).
const upstreamTimeout = 130 * time.Second

type handlers = map[string]http.Handler

// redisClient is what the program closes.
type redisClient = store.Client

func (p *Program) redis(t store.Timeouts) (redisClient, error) {
	r := p.opt.Config.Redis
	if p.opt.RedisURL != "" {
		r = config.Redis{} // its certificates are for the Redis that is replaced
	}
	return store.Open(store.Options{
		URL: cmp.Or(p.opt.RedisURL, r.URL.Reveal()), TLSCA: r.TLSCA, TLSCert: r.TLSCert, TLSKey: r.TLSKey, Timeouts: t,
		PoolSize: 2*p.opt.Config.Worker.Concurrency + 16,
	})
}

func (p *Program) siteNames() []string {
	names := make([]string, len(p.opt.Config.Sites))
	for i, s := range p.opt.Config.Sites {
		names[i] = s.Name
	}
	return names
}

func (p *Program) webhookSites() []webhook.Site {
	var sites []webhook.Site
	for _, s := range p.opt.Config.Sites {
		site := webhook.Site{Name: s.Name, Legacy: s.GhostLegacySignature}
		for _, secret := range s.WebhookSecrets {
			site.Secrets = append(site.Secrets, []byte(secret.Reveal()))
		}
		sites = append(sites, site)
	}
	return sites
}

func (p *Program) workerSites() ([]worker.Site, error) {
	c := p.opt.Config
	outbound := egress.Client(c.OutboundPolicy(), egress.Options{Timeout: upstreamTimeout})
	var sites []worker.Site
	for _, s := range c.Sites {
		list, err := campaignmonitor.New(campaignmonitor.Options{
			BaseURL: c.CampaignMonitor.URL, APIKey: s.CMAPIKey.Reveal(), HTTP: outbound, Observe: p.observeList(s.Name),
		})
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", s.Name, err)
		}
		site := worker.Site{
			Name: s.Name, List: list, ListID: s.CMListID, Policy: s.Policy, Fields: s.Fields, ConsentToTrack: s.ConsentToTrack,
			Pace:           store.Pace{PerSecond: c.CampaignMonitor.RateLimit, Burst: c.CampaignMonitor.RateBurst},
			OptOutsToGhost: s.OptOutsToGhost,
		}
		if site.Ghost, err = p.ghost(s); err != nil {
			return nil, fmt.Errorf("site %s: %w", s.Name, err)
		}
		sites = append(sites, site)
	}
	return sites, nil
}

func (p *Program) ghost(s config.Site) (*ghost.Client, error) {
	if !s.HasGhost() {
		return nil, nil //nolint:nilnil // a site without an Admin API key has no client
	}
	return ghost.New(ghost.Options{
		URL: s.GhostURL, AdminKey: s.GhostAdminAPIKey.Reveal(), Observe: p.observeGhost(s.Name),
		HTTP: egress.Client(p.opt.Config.GhostPolicy(s), egress.Options{Timeout: upstreamTimeout}),
	})
}

func (p *Program) observeList(site string) func(op string, status, code int, took time.Duration) {
	return func(op string, status, _ int, took time.Duration) {
		p.Metrics.Upstream(metrics.Request{Site: site, Upstream: "campaignmonitor", Op: op, Status: status, Took: took})
	}
}

func (p *Program) observeGhost(site string) func(op string, status int, took time.Duration) {
	return func(op string, status int, took time.Duration) {
		p.Metrics.Upstream(metrics.Request{Site: site, Upstream: "ghost", Op: op, Status: status, Took: took})
	}
}
