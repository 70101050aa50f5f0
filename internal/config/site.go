package config

import "github.com/ghostcm/ghostcm/internal/member"

// Site is one Ghost publication and its list.
type Site struct {
	N    int    // of SITEN
	Name string // [A-Za-z0-9_-]{1,50}

	WebhookSecrets       []Secret // one, or several while rotating
	GhostURL             string   // without a trailing slash; "" together with GhostAdminAPIKey
	GhostAdminAPIKey     Secret   // id:secret
	GhostLegacySignature bool
	GhostAllowPrivate    bool

	CMAPIKey       Secret // the site's own, else the one of all
	CMListID       string // 32 hexadecimal digits, lower case
	CMWebhookToken Secret // unset: no list webhook
	Policy         member.Policy
	ConsentToTrack string // "Yes", "No" or "Unchanged"
	OptOutsToGhost bool

	// Fields names the custom field of every fact; a fact that is not in it is
	// switched off.
	Fields map[member.Fact]string
	// ChosenFields are the facts that the config file gives a field.
	ChosenFields []member.Fact

	Payments Payments
}

// HasGhost says whether the site's Ghost can be asked, not only heard.
func (s Site) HasGhost() bool { return s.GhostAdminAPIKey.IsSet() }

// WebhookPath is where Ghost sends this site's webhooks.
func (s Site) WebhookPath() string { return "/webhook/ghost/" + s.Name }

// defaultFields are the custom fields' names where no mapping changes them.
func defaultFields() map[member.Fact]string {
	fields := map[member.Fact]string{}
	for _, fact := range facts() {
		fields[fact] = "ghost_" + string(fact)
	}
	return fields
}

func facts() []member.Fact {
	return []member.Fact{
		member.FactStatus, member.FactSignupDate, member.FactLastUpdated, member.FactStatusChangedAt,
		member.FactPreviousStatus, member.FactLabels, member.FactEmailEnabled, member.FactTiers, member.FactNewsletters,
	}
}
