package config

import "strings"

// Setting describes one setting. The tables of settings are what names are
// checked against, where defaults stand, and what .env.example documents.
type Setting struct {
	Name    string // without the SITEN_ prefix for settings of a site
	Default string
	// Secret settings may come from files, and never show in a problem.
	Secret bool
	kind   kind
}

// kind is how a config file may write a value without quotes.
type kind int

const (
	text kind = iota
	number
	truth
	duration
	list
)

// Settings returns the settings of the whole program.
func Settings() []Setting {
	return []Setting{
		{Name: "CM_API_KEY", Secret: true},
		{Name: "CM_API_URL", Default: "https://api.createsend.com/api/v3.3"},
		{Name: "REDIS_URL", Default: "redis://localhost:6379", Secret: true},
		{Name: "REDIS_TLS_CA"},
		{Name: "REDIS_TLS_CERT"},
		{Name: "REDIS_TLS_KEY"},
		{Name: "LOG_LEVEL", Default: "info"},
		{Name: "LOG_FORMAT", Default: "auto"},
		{Name: "HOST", Default: "127.0.0.1"},
		{Name: "PORT", Default: "3000", kind: number},
		{Name: "TRUSTED_PROXIES", Default: "loopback", kind: list},
		{Name: "WEBHOOK_RATE_LIMIT", Default: "100", kind: number},
		{Name: "SIGNATURE_TOLERANCE", Default: "5m", kind: duration},
		{Name: "CM_RATE_LIMIT", Default: "10", kind: number},
		{Name: "CM_RATE_BURST", Default: "20", kind: number},
		{Name: "RETRY_SCHEDULE", Default: "5s,15s,1m,5m,15m,1h,3h,6h,12h", kind: list},
		{Name: "PAYMENT_RETRY_SCHEDULE", Default: "30s,2m,10m,1h", kind: list},
		{Name: "WORKER_CONCURRENCY", Default: "10", kind: number},
		{Name: "RECONCILE_INTERVAL", Default: "15m", kind: duration},
		{Name: "STATE_DIR"},
		{Name: "DEAD_LETTER_RETENTION", Default: "90d", kind: duration},
		{Name: "ACTIVITY_RETENTION", Default: "7d", kind: duration},
		{Name: "JOURNAL_RETENTION", Default: "90d", kind: duration},
		{Name: "SILENCE_AFTER", Default: "24h", kind: duration},
		{Name: "PAYMENT_GRACE", Default: "7d", kind: duration},
		{Name: "PAYMENT_TEST_EVENTS", Default: "false", kind: truth},
		{Name: "DASHBOARD_PASSWORD", Secret: true},
		{Name: "METRICS_TOKEN", Secret: true},
		{Name: "ALERT_WEBHOOK_URL", Secret: true},
		{Name: "ALERT_WEBHOOK_SECRET", Secret: true},
		{Name: "HEARTBEAT_URL", Secret: true},
		{Name: "ALLOW_INSECURE_URLS", Default: "false", kind: truth},
	}
}

// SiteSettings returns the settings of each site, without their SITEN_ prefix.
func SiteSettings() []Setting {
	settings := []Setting{
		{Name: "NAME"},
		{Name: "GHOST_WEBHOOK_SECRET", Secret: true, kind: list},
		{Name: "GHOST_URL"},
		{Name: "GHOST_ADMIN_API_KEY", Secret: true},
		{Name: "GHOST_LEGACY_SIGNATURE", Default: "false", kind: truth},
		{Name: "GHOST_ALLOW_PRIVATE", Default: "false", kind: truth},
		{Name: "CM_LIST_ID"},
		{Name: "CM_API_KEY", Secret: true},
		{Name: "ON_DELETE", Default: "unsubscribe"},
		{Name: "ON_OPT_OUT", Default: "field"},
		{Name: "RESUBSCRIBE", Default: "never"},
		{Name: "ON_SUPPRESSED", Default: "unsubscribe"},
		{Name: "CONSENT_TO_TRACK", Default: "Unchanged"},
		{Name: "OPT_OUTS_TO_GHOST", Default: "false", kind: truth},
		{Name: "CM_WEBHOOK_TOKEN", Secret: true},
		{Name: "TIERS", kind: list},
		{Name: "PAYMENT_MAIL", Default: "signin"},
	}
	for _, p := range providers() {
		settings = append(settings, Setting{Name: p.proofName(), Secret: true, kind: list})
		if p.hasAPI {
			settings = append(settings, Setting{Name: p.apiKeyName(), Secret: true})
		}
	}
	return settings
}

// providerKind is a payment provider that ghostcm knows.
type providerKind struct {
	name   string
	proof  string // what its Proofs are called
	hasAPI bool
}

func (p providerKind) env() string {
	return strings.ToUpper(strings.ReplaceAll(p.name, "-", "_"))
}

func (p providerKind) proofName() string  { return p.env() + "_" + p.proof }
func (p providerKind) apiKeyName() string { return p.env() + "_API_KEY" }

func providers() []providerKind {
	return []providerKind{
		{"polar", "SECRET", true},
		{"stripe", "SECRET", true},
		{"paypal", "WEBHOOK_ID", true},
		{"paypal-ipn", "RECEIVER", false},
		{"zapier", "TOKEN", false},
		{"paddle", "SECRET", true},
		{"lemonsqueezy", "SECRET", true},
		{"gumroad", "SECRET", true},
		{"kofi", "SECRET", false},
	}
}
