package doctor

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// patient is a site in an examination. Questions that another one makes
// pointless are asked only after it.
type patient struct {
	*exam
	Site
	number int // among the sites

	site     answer[ghost.Site]
	config   answer[ghost.SiteConfig]
	settings answer[ghost.Settings]
	hooks    answer[map[string]store.Hook]
	heard    answer[store.Heard]
	outside  answer[outside]
	list     answer[campaignmonitor.List]
	fields   answer[[]campaignmonitor.CustomField]
	listHook answer[[]campaignmonitor.Webhook]

	tiers     answer[[]ghost.Tier]
	tills     answer[[]till]
	salesGate answer[store.Gate]
	sold      answer[map[payment.State]int64]
}

func (e *exam) patient(ctx context.Context, number int) *patient {
	p := &patient{exam: e, Site: e.Sites[number], number: number}
	p.hooks = once(ctx, e.inner, func(ctx context.Context) (map[string]store.Hook, error) { return e.Store.Hooks(ctx, p.Name) })
	p.heard = once(ctx, e.inner, func(ctx context.Context) (store.Heard, error) { return e.Store.Heard(ctx, p.Name) })
	p.outside = once(ctx, e.turns, p.lookFromOutside)
	p.askGhost(ctx)
	p.askList(ctx)
	p.askPurchases(ctx)
	return p
}

func (p *patient) askGhost(ctx context.Context) {
	if p.Ghost == nil {
		return
	}
	p.site = once(ctx, p.turns, p.Ghost.Site)
	p.config = after(p.site, once(ctx, p.turns, p.Ghost.Config))
	p.settings = after(p.site, once(ctx, p.turns, p.Ghost.Settings))
}

func (p *patient) askList(ctx context.Context) {
	p.list = once(ctx, p.turns, func(ctx context.Context) (campaignmonitor.List, error) { return p.List.List(ctx, p.ListID) })
	p.fields = after(p.list, once(ctx, p.turns, func(ctx context.Context) ([]campaignmonitor.CustomField, error) {
		return p.List.Fields(ctx, p.ListID)
	}))
	p.listHook = after(p.list, once(ctx, p.turns, func(ctx context.Context) ([]campaignmonitor.Webhook, error) {
		return p.List.Webhooks(ctx, p.ListID)
	}))
}

// fix is the command that mends what a person need not decide.
func (p *patient) fix() string { return "ghostcm doctor " + p.Name + " --fix" }

// gate says whether the site's jobs may pass.
func (p *patient) gate() verdict {
	gates, err := p.gates()
	if err != nil {
		return notChecked(noRedis)
	}
	switch g := gates[p.number]; {
	case g.Paused:
		return fail("mend what the reason says; it is probed every minute, and goes on by itself",
			"the site's jobs are paused for %s: %s", span(p.Now().Sub(g.Since)), g.Reason)
	case g.Closed():
		return warn("nothing, if it is known; it is probed every minute, and goes on by itself",
			"the site's jobs wait for %s: %s does not answer: %s", span(p.Now().Sub(g.Since)), g.Upstream, g.Reason)
	}
	return ok("the site's jobs may pass")
}
