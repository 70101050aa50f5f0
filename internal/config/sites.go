package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/member"
)

func sites(r reader, file fileContent, cfg *Config) []Site {
	var all []Site
	for _, n := range siteNumbers(r.values, file.entries) {
		all = append(all, site(r.ofSite(n), n, file, cfg))
	}
	if len(all) == 0 {
		r.findings.problem("SITE1_NAME", "no site is configured", "set SITE1_NAME, SITE1_GHOST_WEBHOOK_SECRET and SITE1_CM_LIST_ID")
	}
	withKeys(r, all)
	distinct(r.findings, all)
	unshared(r.findings, all)
	return all
}

func site(r reader, n int, file fileContent, cfg *Config) Site {
	r.require("GHOST_WEBHOOK_SECRET", "set the secret of the webhooks in Ghost's custom integration")
	s := Site{
		N:                    n,
		Name:                 r.siteName(),
		WebhookSecrets:       r.webhookSecrets(),
		GhostAdminAPIKey:     r.adminKey(),
		GhostLegacySignature: r.truth("GHOST_LEGACY_SIGNATURE"),
		GhostAllowPrivate:    r.truth("GHOST_ALLOW_PRIVATE"),
		CMListID:             r.listID(),
		CMWebhookToken:       r.webhookToken(),
		ConsentToTrack:       r.choice("CONSENT_TO_TRACK", "Unchanged", "Yes", "No"),
		OptOutsToGhost:       r.truth("OPT_OUTS_TO_GHOST"),
		Policy: member.Policy{
			OnDelete:     member.DeletePolicy(r.choice("ON_DELETE", "unsubscribe", "delete", "keep")),
			OnOptOut:     member.OptOutPolicy(r.choice("ON_OPT_OUT", "field", "unsubscribe")),
			OnSuppressed: member.OptOutPolicy(r.choice("ON_SUPPRESSED", "unsubscribe", "field")),
			Resubscribe:  member.ResubscribePolicy(r.choice("RESUBSCRIBE", "never", "ghost-opt-in")),
		},
		Fields:       r.fields(file, n),
		ChosenFields: chosenFields(file, n),
	}
	s.GhostURL = r.ghostURL(cfg.GhostPolicy(s))
	r.ghostIsWhole(s)
	s.Payments = r.payments(file.sitePayments[n])
	return s
}

func (r reader) siteName() string {
	name := r.text("NAME")
	switch {
	case name == "":
		r.problem("NAME", "is required: other settings of this site are set", "name the site, or remove its settings")
	case !regexp.MustCompile(`^[A-Za-z0-9_-]{1,50}$`).MatchString(name):
		r.problem("NAME", "is "+quote(name), "use 1 to 50 letters, digits, _ and -")
	}
	return name
}

func (r reader) ghostURL(p egress.Policy) string {
	url := r.baseURL("GHOST_URL", p)
	if strings.HasSuffix(url, "/ghost") || strings.Contains(url, "/ghost/") {
		r.problem("GHOST_URL", "is the address of Ghost's admin pages", "set the address of the site, without /ghost")
		return ""
	}
	return url
}

// adminKey is the id and secret of a custom integration, as Ghost shows them.
func (r reader) adminKey() Secret {
	key := r.secret("GHOST_ADMIN_API_KEY")
	fix := "copy the Admin API key of the custom integration: 24 hexadecimal digits, a colon, 64 more"
	switch {
	case !key.IsSet() || regexp.MustCompile(`^[0-9a-fA-F]{24}:[0-9a-fA-F]{64}$`).MatchString(key.value):
		return Secret{strings.ToLower(key.value)} // the form that Ghost knows it by
	case regexp.MustCompile(`^[0-9a-fA-F]{26}$`).MatchString(key.value):
		r.problem("GHOST_ADMIN_API_KEY", "looks like a Content API key", fix)
	default:
		r.problem("GHOST_ADMIN_API_KEY", "is no Admin API key", fix)
	}
	return Secret{}
}

func (r reader) listID() string {
	r.require("CM_LIST_ID", "set the API Subscriber List ID from the list's settings page")
	id := r.text("CM_LIST_ID")
	if id != "" && !regexp.MustCompile(`^[0-9a-fA-F]{32}$`).MatchString(id) {
		r.problem("CM_LIST_ID", "is "+quote(id)+", which is no list id",
			"set the 32 hexadecimal digits from the list's settings page, not the number in the browser's address bar")
	}
	return strings.ToLower(id)
}

func (r reader) webhookToken() Secret {
	token := r.secret("CM_WEBHOOK_TOKEN")
	if token.IsSet() && !regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`).MatchString(token.value) {
		r.problem("CM_WEBHOOK_TOKEN", "cannot stand in a URL, or can be guessed", "use 16 to 128 random letters, digits, _ and -")
		return Secret{}
	}
	return token
}

// ghostIsWhole reports a Ghost that is configured by half, and warns of what is
// not repaired without one.
func (r reader) ghostIsWhole(s Site) {
	hasURL, hasKey := r.isGiven("GHOST_URL"), r.isGiven("GHOST_ADMIN_API_KEY")
	switch {
	case hasURL && !hasKey:
		r.problem("GHOST_ADMIN_API_KEY", "is missing beside GHOST_URL", "set both or none")
	case hasKey && !hasURL:
		r.problem("GHOST_URL", "is missing beside GHOST_ADMIN_API_KEY", "set both or none")
	case !hasKey && s.OptOutsToGhost:
		r.problem("OPT_OUTS_TO_GHOST", "needs Ghost's Admin API", "set GHOST_URL and GHOST_ADMIN_API_KEY of this site too")
	case !hasKey:
		r.findings.warn(r.key("GHOST_ADMIN_API_KEY"), fmt.Sprintf("is unset, so for %s %s", s.Name, NotRepaired))
	}
}

// NotRepaired says what a site without an Admin API key goes without.
const NotRepaired = "missed webhooks, imports and bulk edits in Ghost are not repaired, " +
	"and there is no sync, no suppression check and no payments"

// withKeys gives every site the key it will use.
func withKeys(r reader, all []Site) {
	var without []string
	shared := r.apiKey()
	for i := range all {
		own := r.ofSite(all[i].N)
		all[i].CMAPIKey = own.apiKey()
		if !own.isGiven("CM_API_KEY") {
			all[i].CMAPIKey = shared
			without = append(without, all[i].Name)
		}
	}
	if !r.isGiven("CM_API_KEY") && (len(without) > 0 || len(all) == 0) {
		fix := "set Campaign Monitor's API key (Account settings, API keys)"
		if len(without) < len(all) {
			fix += ", or one for " + strings.Join(without, ", ")
		}
		r.problem("CM_API_KEY", "is required", fix)
	}
}

// distinct reports names that differ only in case, and warns of shared lists.
func distinct(f *findings, all []Site) {
	names, lists := map[string]int{}, map[string]string{}
	for _, s := range all {
		lower := strings.ToLower(s.Name)
		if n, taken := names[lower]; taken && lower != "" {
			f.problem(sitePrefix(s.N)+"NAME", fmt.Sprintf("is the name of SITE%d too (case does not count)", n),
				"give each site a name of its own")
		}
		names[lower] = s.N
		if other, taken := lists[s.CMListID]; taken && s.CMListID != "" {
			f.warn(sitePrefix(s.N)+"CM_LIST_ID", "is the list of "+other+" too: members of both sites share subscribers")
		}
		lists[s.CMListID] = s.Name
	}
}
