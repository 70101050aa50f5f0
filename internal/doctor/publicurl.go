package doctor

import (
	"net/http"
	"strings"
)

// publicURL judges where Ghost sends its webhooks.
func (p *patient) publicURL() verdict {
	seen, err := p.outside()
	switch {
	case err != nil:
		return notChecked(unreached(err))
	case seen.base == "":
		v := notChecked("it is known to nobody here")
		v.remedy = "name it: " + strings.Replace(askedPublic, "SITE", p.Name, 1)
		return v
	}
	if v := p.judgePrivate(seen); v.status == Fail || seen.unasked {
		return v
	}
	return p.judgeAnswer(seen)
}

// judgePrivate judges the addresses: from 6.27 on, Ghost sends no webhook to a
// private one unless its configuration says so, or it is its own.
func (p *patient) judgePrivate(seen outside) verdict {
	remedy := "give the public URL a public address, or allow private ones in Ghost's configuration " +
		"(security.allowWebhookInternalIPs=true) and here (" + p.Prefix + "GHOST_ALLOW_PRIVATE=true)"
	switch refused := seen.private; {
	case refused == nil:
		return verdict{}
	case !refused.Allowable:
		return fail("give the public URL a public address", "%s leads to %s, which is %s", seen.host, refused.Host, refused.Why)
	case strings.EqualFold(seen.host, hostOf(p.GhostURL)):
		return ok("%s leads to %s, which Ghost allows: it is its own", seen.host, refused.Why)
	default:
		allowed, why := p.ghostAllowsPrivate()
		if allowed {
			return ok("%s leads to %s, and %s", seen.host, refused.Why, why)
		}
		return fail(remedy, "%s leads to %s, %s, and %s", seen.host, refused.Host, refused.Why, why)
	}
}

// ghostAllowsPrivate asks Ghost; one that does not tell is taken at the
// operator's word that this site is a private one.
func (p *patient) ghostAllowsPrivate() (allowed bool, why string) {
	if p.Ghost != nil {
		if config, err := p.config(); err == nil {
			switch major, minor := versionOf(config.Version); {
			case config.InternalWebhooks.Known && config.InternalWebhooks.Value:
				return true, "Ghost's configuration allows that"
			case config.InternalWebhooks.Known:
				return false, "Ghost's configuration does not allow that: it sends nothing"
			case major < 6 || major == 6 && minor < 27:
				return true, "Ghost " + config.Version + " sends there"
			}
		}
	}
	if p.Policy.AllowPrivate {
		return true, "the settings say that this is meant"
	}
	return false, "Ghost 6.27 and newer sends nothing to such addresses"
}

func (p *patient) judgeAnswer(seen outside) verdict {
	path := seen.host + ghostPath + p.Name
	switch s := seen.status; {
	case seen.failed != nil:
		return fail("check DNS, the proxy and its certificate, and that ghostcm serve runs; Ghost must reach it from where it is",
			"%s cannot be reached from here: %s", seen.host, unreached(seen.failed))
	case s >= 300 && s < 400:
		return fail("serve this path without a redirect, or give the address where it leads as --public-url",
			"%s answers with a redirect (%d): Ghost follows it without the event, and counts it as delivered", path, s)
	case !seen.ours && seen.alive:
		return fail("in the proxy, pass /webhook/ to ghostcm as it comes",
			"a ghostcm answers at %s/livez, but not at %s (%d)", seen.host, path, s)
	case !seen.ours:
		return p.judgeStranger(path, s)
	case !seen.expires.IsZero() && seen.expires.Sub(p.Now()) < renewBefore:
		return warn("renew it", "the certificate of %s ends in %s: then Ghost sends nothing", seen.host, span(seen.expires.Sub(p.Now())))
	}
	return ok("a ghostcm answers at %s", path)
}

func (p *patient) judgeStranger(path string, status int) verdict {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return fail("in the proxy, let /webhook/ through without a login: every webhook is signed",
			"%s asks for a login (%d)", path, status)
	case http.StatusGone:
		return fail("never answer 410 there", "%s answers 410: Ghost would delete its webhook", path)
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fail("start ghostcm serve, and check where the proxy looks for it (HOST, PORT)",
			"the proxy of %s answers %d: it does not find ghostcm", path, status)
	case http.StatusTooManyRequests:
		return warn("ask again in a minute, and see that the proxy has no limit for /webhook/: Ghost tries once", "%s answers 429", path)
	}
	return fail("check --public-url, and that the proxy passes /webhook/ to ghostcm", "another program answers at %s (%d)", path, status)
}
