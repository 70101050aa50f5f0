package doctor

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

const noGhost = "Ghost does not answer"

func (p *patient) ghostAnswers() verdict {
	if p.Ghost == nil {
		return verdict{}
	}
	site, err := p.site()
	if err != nil {
		return failed(err, ghostRemedy(p.Prefix, err))
	}
	if told, err := url.Parse(site.URL); err == nil && !strings.EqualFold(told.Host, hostOf(p.GhostURL)) {
		return warn("set "+p.Prefix+"GHOST_URL to the address that Ghost has in its own configuration",
			"answers, but calls itself %s", told.Host)
	}
	return ok("answers")
}

// ghostRemedy says what to do about a Ghost that cannot be asked.
func ghostRemedy(prefix string, err error) string {
	kind := ghost.Transient
	if e, told := errors.AsType[*ghost.Error](err); told {
		kind = e.Kind()
	}
	switch kind {
	case ghost.Redirected:
		return "set " + prefix + "GHOST_URL to the address where the redirect leads"
	case ghost.Unreadable, ghost.NotFound, ghost.Invalid, ghost.Config:
		return "check " + prefix + "GHOST_URL: it must lead to Ghost itself, without a login or a challenge in front of /ghost/api/"
	case ghost.Credentials:
		return "in Ghost, Settings, Integrations: copy the Admin API key of the custom integration into " + prefix + "GHOST_ADMIN_API_KEY"
	case ghost.RateLimited, ghost.Transient:
	}
	return "see whether Ghost runs, and check " + prefix + "GHOST_URL"
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// ghostVersion compares the form of signatures with what the version signs: up
// to 5.87.0 the body alone.
func (p *patient) ghostVersion() verdict {
	if p.Ghost == nil {
		return verdict{}
	}
	site, err := p.site()
	if err != nil {
		return notChecked(noGhost)
	}
	setting := p.Prefix + "GHOST_LEGACY_SIGNATURE"
	switch major, minor := versionOf(site.Version); {
	case major == 0:
		return warn("", "Ghost tells a version that says nothing")
	case p.Legacy && (major > 5 || major == 5 && minor > 87):
		return fail("set "+setting+"=false", "Ghost %s signs the time too, and %s is true: every webhook is refused", site.Version, setting)
	case !p.Legacy && (major < 5 || major == 5 && minor < 87):
		return fail("update Ghost, or set "+setting+"=true", "Ghost %s does not sign the time: every webhook is refused", site.Version)
	case major < 5:
		return warn("update Ghost", "Ghost %s is older than what ghostcm was made for", site.Version)
	}
	return ok("Ghost %s", site.Version)
}

// versionOf reads "6.65"; zero is none.
func versionOf(version string) (major, minor int) {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	major, _ = strconv.Atoi(first)
	minor, _ = strconv.Atoi(second)
	return major, minor
}

// ghostKey asks for something that Ghost shows to integrations only.
func (p *patient) ghostKey() verdict {
	if p.Ghost == nil {
		return warn("set "+p.Prefix+"GHOST_URL and "+p.Prefix+"GHOST_ADMIN_API_KEY",
			"there is none: missed webhooks, imports and bulk edits in Ghost are not repaired, "+
				"and there is no sync, no suppression check and no payments")
	}
	if _, err := p.site(); err != nil {
		return notChecked(noGhost)
	}
	if _, err := p.config(); err != nil {
		return failed(err, ghostRemedy(p.Prefix, err))
	}
	return ok("taken")
}

func (p *patient) ghostStripe() verdict {
	if p.Ghost == nil {
		return verdict{}
	}
	settings, err := p.settings()
	if err != nil {
		return notChecked("Ghost does not show its settings")
	}
	switch {
	case !settings.Stripe.Known:
		return ok("Ghost does not tell whether Stripe is connected")
	case settings.Stripe.Value:
		return ok("connected")
	case len(p.Payments.Providers) > 0:
		return warn("connect Stripe in Ghost (Settings, Tiers; its keys are enough, nobody has to pay by it), "+
			"or give posts to tiers instead of to all who pay",
			"not connected: purchases work for new members only; those who are free already need a person, "+
				"and access that ends does so in the night after")
	}
	return ok("not connected")
}

func (p *patient) ghostClock() verdict {
	if p.Ghost == nil {
		return verdict{}
	}
	site, err := p.site()
	if err != nil {
		return notChecked(noGhost)
	}
	return judgeClock("Ghost", site.Skew)
}
