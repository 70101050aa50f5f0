package config

import (
	"fmt"
	"strings"
)

const (
	// weakSecret is shorter than anything a person would call random.
	weakSecret = 8
	// shortSecret can be guessed by who has seen one signed webhook and has time.
	shortSecret = 16
)

// webhookSecrets are what a site's Ghost signs with: whoever guesses one can
// make members of the list.
func (r reader) webhookSecrets() []Secret {
	all := r.secrets("GHOST_WEBHOOK_SECRET")
	var short bool
	for _, s := range all {
		if len(s.value) < weakSecret {
			r.problem("GHOST_WEBHOOK_SECRET", fmt.Sprintf("has less than %d characters, and can be guessed", weakSecret),
				"set a random one of 32, like what 'openssl rand -hex 16' prints, here and in Ghost")
			return nil
		}
		short = short || len(s.value) < shortSecret
	}
	if short {
		r.findings.warn(r.key("GHOST_WEBHOOK_SECRET"), fmt.Sprintf("has less than %d characters: a random one of 32 is safe", shortSecret))
	}
	return all
}

// unshared warns of a secret that several sites have: the Ghost of one can then
// send members to the lists of the others.
func unshared(f *findings, all []Site) {
	owners := map[Secret]Site{}
	for _, s := range all {
		told := map[int]bool{}
		for _, secret := range s.WebhookSecrets {
			owner, taken := owners[secret]
			switch {
			case !taken:
				owners[secret] = s
			case owner.N != s.N && !told[owner.N]:
				told[owner.N] = true
				f.warn(sitePrefix(s.N)+"GHOST_WEBHOOK_SECRET",
					"is a secret of "+owner.Name+" too: whoever has it can send members to both lists")
			}
		}
	}
}

// apiKey is Campaign Monitor's, which is sent as the user name of HTTP's basic
// authentication: that ends at a colon.
func (r reader) apiKey() Secret {
	key := r.secret("CM_API_KEY")
	if strings.ContainsFunc(key.value, func(c rune) bool { return c <= ' ' || c == ':' || c >= 0x7f }) {
		r.problem("CM_API_KEY", "has characters that no API key has",
			"copy Campaign Monitor's API key again (Account settings, API keys), alone")
		return Secret{}
	}
	return key
}
