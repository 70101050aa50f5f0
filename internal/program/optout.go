package program

import (
	"net/http"

	"github.com/ghostcm/ghostcm/internal/webhook"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// listHooks is the handler of the webhooks of lists.
func (p *Program) listHooks(limiter webhook.Limiter) http.Handler {
	var sites []webhook.ListSite
	for _, s := range p.opt.Config.Sites {
		if s.CMWebhookToken.IsSet() {
			sites = append(sites, webhook.ListSite{Name: s.Name, Token: s.CMWebhookToken.Reveal()})
		}
	}
	return webhook.NewCampaignMonitor(webhook.CampaignMonitorOptions{
		Sites: sites, OptOuts: worker.OptOuts{Store: p.prompt, Queue: p.prompts}, Limiter: limiter, Log: p.opt.Log,
		Observe:       func(o webhook.ListOutcome) { p.Metrics.ListWebhook(o.Site, o.Result) },
		AcceptTimeout: acceptWithin,
	})
}
