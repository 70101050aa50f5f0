package config

import (
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
)

// Config is a whole, checked configuration.
type Config struct {
	CampaignMonitor CampaignMonitor
	Redis           Redis
	Log             Log
	Server          Server
	Worker          Worker
	Retention       Retention
	Payment         Payment
	Alerts          Alerts

	// StateDir is an absolute path; it may not exist yet.
	StateDir string
	// AllowInsecureURLs allows http and private addresses; development only.
	AllowInsecureURLs bool

	Sites    []Site // at least one, by N
	Warnings []Warning
}

// CampaignMonitor is what all sites share; sites may have keys of their own (Site.CMAPIKey).
type CampaignMonitor struct {
	URL       string  // base URL without a trailing slash
	RateLimit float64 // requests a second per site, over all processes
	RateBurst int
}

// Redis says where the queue is. The URL may hold a password.
type Redis struct {
	URL     Secret
	TLSCA   string // path of a PEM file, or ""
	TLSCert string
	TLSKey  string // path, not the key itself
}

// Log says what is logged and how. Format is "auto", "text" or "json".
type Log struct {
	Level  slog.Level
	Format string
}

// Server is what serve needs. Port 0 is any free port.
type Server struct {
	Host               string
	Port               int
	TrustedProxies     []netip.Prefix
	WebhookRateLimit   int // requests a minute per address; 0 is off
	SignatureTolerance time.Duration
	DashboardPassword  Secret // unset: no dashboard
	MetricsToken       Secret // unset: /metrics is open
}

// Addr is the address to listen on.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Worker is what worker needs.
type Worker struct {
	Concurrency       int
	Retries           []time.Duration // Ghost to Campaign Monitor: the wait before each retry
	PaymentRetries    []time.Duration // payments to Ghost
	ReconcileInterval time.Duration   // 0 is off
}

// Retention says how long things are kept.
type Retention struct {
	DeadLetters time.Duration
	Activity    time.Duration
	Journals    time.Duration // of full syncs
}

// Payment is what all sites share of payments.
type Payment struct {
	Grace      time.Duration // of a renewing subscription
	TestEvents bool          // take sandbox events
}

// Alerts says where alarms go. Both URLs usually hold a token.
type Alerts struct {
	WebhookURL    Secret
	WebhookSecret Secret // signs what goes there; unset: nothing is signed
	HeartbeatURL  Secret
	// SilenceAfter is how long a site that usually has events may have none.
	SilenceAfter time.Duration
}

// Site finds a site by its name, in any case.
func (c *Config) Site(name string) (Site, bool) {
	for _, s := range c.Sites {
		if strings.EqualFold(s.Name, name) {
			return s, true
		}
	}
	return Site{}, false
}

// OutboundPolicy says where requests to Campaign Monitor and alert receivers may go.
func (c *Config) OutboundPolicy() egress.Policy {
	return egress.Policy{AllowPrivate: c.AllowInsecureURLs, AllowHTTP: c.AllowInsecureURLs}
}

// GhostPolicy says where requests to the Ghost of s may go.
func (c *Config) GhostPolicy(s Site) egress.Policy {
	return egress.Policy{AllowPrivate: c.AllowInsecureURLs || s.GhostAllowPrivate, AllowHTTP: c.AllowInsecureURLs}
}
