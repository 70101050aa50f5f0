package doctor

import (
	"context"
	"sync"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// exam is one examination: the answers that its checks share.
type exam struct {
	*Doctor
	turns chan struct{} // of questions to Ghost, Campaign Monitor and the public URL
	inner chan struct{} // of questions to Redis, so that no number of sites delays them

	redis   answer[store.Server]
	queue   answer[jobs.Stats]
	backlog answer[store.Backlog]
	lost    answer[int]
	gates   answer[[]store.Gate]
	sites   []*patient
}

func (d *Doctor) exam(ctx context.Context) *exam {
	e := &exam{Doctor: d, turns: make(chan struct{}, atOnce), inner: make(chan struct{}, atOnce/3)}
	e.redis = once(ctx, e.inner, d.Store.Server)
	e.queue = once(ctx, e.inner, d.Queue.Stats)
	e.backlog = once(ctx, e.inner, d.Store.Backlog)
	e.lost = once(ctx, e.inner, d.lookForLost)
	e.gates = once(ctx, e.inner, func(ctx context.Context) ([]store.Gate, error) {
		names := make([]string, len(d.Sites))
		for i, s := range d.Sites {
			names[i] = s.Name
		}
		return d.Store.Gates(ctx, names)
	})
	for i := range d.Sites {
		e.sites = append(e.sites, e.patient(ctx, i))
	}
	return e
}

// check is one question to the installation, by the name it is found under.
type check struct {
	name string
	run  func() verdict
}

// shared are the checks of what all sites share.
func (e *exam) shared() []check {
	return []check{
		{"configuration", func() verdict { return configuration(e.Warnings) }},
		{"files", e.files},
		{"state_dir", e.stateDir},
		{"spool", e.spool},
		{"redis", e.redisAnswers},
		{"redis_version", e.redisVersion},
		{"redis_persistence", e.redisPersistence},
		{"redis_eviction", e.redisEviction},
		{"redis_latency", e.redisLatency},
		{"redis_clock", e.redisClock},
		{"workers", e.workers},
		{"queue", e.oldest},
		{"stuck_jobs", e.stuck},
		{"dead_letters", e.deadLetters},
	}
}

// checks are those of one site.
func (p *patient) checks() []check {
	return []check{
		{"configuration", func() verdict { return configuration(p.Warnings) }},
		{"gate", p.gate},
		{"ghost", p.ghostAnswers},
		{"ghost_version", p.ghostVersion},
		{"ghost_key", p.ghostKey},
		{"ghost_stripe", p.ghostStripe},
		{"ghost_clock", p.ghostClock},
		{"webhooks", p.webhooks},
		{"last_event", p.lastEvent},
		{"public_url", p.publicURL},
		{"list", p.listAnswers},
		{"list_unsubscribes", p.listUnsubscribes},
		{"list_opt_in", p.listOptIn},
		{"list_fields", p.listFields},
		{"list_webhook", p.listWebhook},
		{"list_clock", p.listClock},
		{"payments", p.payments},
		{"payment_tiers", p.paymentTiers},
		{"payment_webhooks", p.paymentWebhooks},
		{"payment_gate", p.paymentsGate},
		{"payment_access", p.paymentAccess},
	}
}

// Names lists every check, those of what sites share first.
func Names() []string {
	var names []string
	for _, c := range (&exam{Doctor: &Doctor{}}).shared() {
		names = append(names, c.name)
	}
	for _, c := range (&patient{exam: &exam{Doctor: &Doctor{}}}).checks() {
		if c.name != names[0] { // the configuration is in both
			names = append(names, c.name)
		}
	}
	return names
}

// findings runs all checks at the same time: they only wait for answers, and it
// is the questions that wait for their turn.
func (e *exam) findings() []Finding {
	type place struct {
		site  string
		check check
		found verdict
	}
	var places []place
	for _, c := range e.shared() {
		places = append(places, place{check: c})
	}
	for _, p := range e.sites {
		for _, c := range p.checks() {
			places = append(places, place{site: p.Name, check: c})
		}
	}
	var running sync.WaitGroup
	for i := range places {
		running.Go(func() { places[i].found = places[i].check.run() })
	}
	running.Wait()
	var all []Finding
	for _, at := range places {
		if v := at.found; v.status != "" {
			all = append(all, Finding{Site: at.site, Name: at.check.name, Status: v.status, Detail: v.detail, Remedy: v.remedy})
		}
	}
	return all
}
