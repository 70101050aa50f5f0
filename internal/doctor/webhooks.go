package doctor

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// events are what Ghost tells of members.
func events() []member.EventType {
	return []member.EventType{member.Added, member.Edited, member.Deleted}
}

// target is the URL of an event's webhook. Old Ghosts do not name the event in
// the body, so that the URL does.
func (p *patient) target(base string, event member.EventType) string {
	return base + ghostPath + p.Name + "?event=" + string(event)
}

// digest lets a later run see that another secret is configured. It is slow to
// compute, because who reads it in Redis should not find a short secret by it.
func (p *patient) digest() string {
	const rounds, length = 20_000, 9
	key, err := pbkdf2.Key(sha256.New, p.Secret, []byte("ghostcm webhook "+p.Name), rounds, length)
	if err != nil { // only of lengths that no hash has
		return ""
	}
	return hex.EncodeToString(key)
}

// webhooks says whether Ghost's webhooks are ours, as far as can be known: Ghost
// shows no integration its webhooks, so what was registered is remembered here.
func (p *patient) webhooks() verdict {
	hooks, err := p.hooks()
	if err != nil {
		return notChecked(noRedis)
	}
	var missing, elsewhere, otherSecret []string
	digest := ""
	if len(hooks) > 0 {
		digest = p.digest()
	}
	for _, event := range events() {
		h, registered := hooks[string(event)]
		switch {
		case !registered:
			missing = append(missing, string(event))
		case p.PublicURL != "" && h.URL != p.target(p.base(), event):
			elsewhere = append(elsewhere, string(event))
		case h.Digest != digest:
			otherSecret = append(otherSecret, string(event))
		}
	}
	return p.judgeWebhooks(hooks, missing, elsewhere, otherSecret)
}

func (p *patient) judgeWebhooks(hooks map[string]store.Hook, missing, elsewhere, otherSecret []string) verdict {
	register := p.fix() + " --public-url https://…"
	if p.Ghost == nil {
		register = "in Ghost, Settings, Integrations: add them by hand (the URL is the last column of ghostcm sites), " +
			"or give the site an Admin API key for --fix"
	}
	switch {
	case len(hooks) == 0:
		return warn(register+"; unless they were added by hand and last_event is well",
			"ghostcm has registered none in this Ghost, and Ghost tells nobody which it has")
	case len(missing) > 0:
		return fail(register, "not registered: %s", strings.Join(missing, ", "))
	case len(elsewhere) > 0:
		return warn(register, "registered for another address than --public-url: %s", strings.Join(elsewhere, ", "))
	case len(otherSecret) > 0:
		return warn(register+", before the old secret is taken out of "+p.Prefix+"GHOST_WEBHOOK_SECRET",
			"registered with another secret than the first that is configured: %s", strings.Join(otherSecret, ", "))
	}
	newest := hooks[string(member.Added)].At
	return ok("%s, registered %s ago", strings.Join(names(events()), ", "), span(p.Now().Sub(newest)))
}

func names(events []member.EventType) []string {
	all := make([]string, len(events))
	for i, e := range events {
		all[i] = string(e)
	}
	return all
}

// lastEvent says whether webhooks come.
func (p *patient) lastEvent() verdict {
	heard, err := p.heard()
	if err != nil {
		return notChecked(noRedis)
	}
	const remedy = "edit a member in Ghost, and ask again; if nothing comes, compare the webhooks' URL in Ghost with ghostcm sites, " +
		"and look at public_url"
	since := p.Now().Sub(heard.At)
	switch {
	case heard.RefusedAt.After(heard.At):
		return warn("signature_mismatch: compare the secret in Ghost with "+p.Prefix+"GHOST_WEBHOOK_SECRET; "+
			"signature_timestamp_expired: synchronise the clocks; a stranger may have sent it, too",
			"the last webhook, %s ago, was refused: %s", span(p.Now().Sub(heard.RefusedAt)), heard.Refusal)
	case heard.At.IsZero():
		return warn(remedy, "no webhook has come yet")
	case p.SilenceAfter > 0 && since > p.SilenceAfter:
		return warn(remedy, "the last webhook came %s ago; more than SILENCE_AFTER (%s)", span(since), span(p.SilenceAfter))
	case !heard.ContradictedAt.IsZero():
		return warn("in Ghost, give each webhook the URL with its own event, or let doctor do so: "+p.fix()+" --public-url https://…",
			"webhooks come, but one's URL names another event than its body; the body is believed")
	}
	return ok("%s ago", span(since))
}
