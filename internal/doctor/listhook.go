package doctor

import (
	"slices"
	"strings"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

// deactivate is the event of the list's webhook that ghostcm takes: somebody
// unsubscribed, bounced or was deleted.
const deactivate = "Deactivate"

// listPath is where Campaign Monitor sends the list's events. It holds the token
// and must not be shown.
func (s Site) listPath() string { return "/webhook/campaignmonitor/" + s.Name + "/" + s.ListToken }

// ourListHook finds the list's webhook whose URL ends in the site's path.
func (s Site) ourListHook(all []campaignmonitor.Webhook) (campaignmonitor.Webhook, bool) {
	i := slices.IndexFunc(all, func(h campaignmonitor.Webhook) bool { return strings.HasSuffix(h.URL, s.listPath()) })
	if i < 0 {
		return campaignmonitor.Webhook{}, false
	}
	return all[i], true
}

func (p *patient) listWebhook() verdict {
	register := p.fix() + " --public-url https://…"
	if p.ListToken == "" {
		if p.OptOuts {
			return warn("set "+p.Prefix+"CM_WEBHOOK_TOKEN to 32 random characters, then "+register,
				"there is none, so opt-outs come back to Ghost by the schedule only")
		}
		return verdict{}
	}
	hooks, err := p.listHook()
	if err != nil {
		return notChecked(noList)
	}
	switch h, found := p.ourListHook(hooks); {
	case !found:
		return fail(register, "not registered, though %sCM_WEBHOOK_TOKEN is set", p.Prefix)
	case !h.Active:
		return fail(register+"; and see that public_url is well", "Campaign Monitor has switched it off, because it failed for over a week")
	case !slices.Contains(h.Events, deactivate):
		return fail(register, "registered, but not for the event %s", deactivate)
	case p.PublicURL != "" && h.URL != p.base()+p.listPath():
		return warn(register, "registered for another address than --public-url")
	}
	return ok("registered")
}
