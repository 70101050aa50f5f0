package config

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/password"
)

// build makes the configuration from what was found, and reports what is wrong.
func build(r reader, file fileContent, o Options) *Config {
	cfg := &Config{AllowInsecureURLs: r.truth("ALLOW_INSECURE_URLS"), StateDir: stateDir(r, o)}
	if cfg.AllowInsecureURLs {
		r.findings.warn("ALLOW_INSECURE_URLS", "is on: http and private addresses are allowed; for development only")
	}
	cfg.CampaignMonitor = CampaignMonitor{
		URL:       r.baseURL("CM_API_URL", cfg.OutboundPolicy()),
		RateLimit: r.rate("CM_RATE_LIMIT", 10_000),
		RateBurst: r.integer("CM_RATE_BURST", 1, 10_000),
	}
	cfg.Redis = redis(r, o)
	cfg.Log = Log{Level: level(r), Format: r.choice("LOG_FORMAT", "auto", "text", "json")}
	cfg.Server = server(r)
	cfg.Worker = worker(r)
	cfg.Retention = retention(r)
	cfg.Payment = Payment{Grace: r.durationOrOff("PAYMENT_GRACE", time.Hour, 365*day), TestEvents: r.truth("PAYMENT_TEST_EVENTS")}
	cfg.Alerts = alerts(r, cfg.OutboundPolicy())
	cfg.Sites = sites(r, file, cfg)
	return cfg
}

func level(r reader) slog.Level {
	switch r.choice("LOG_LEVEL", "debug", "info", "warn", "error") {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func server(r reader) Server {
	s := Server{
		Host:               r.text("HOST"),
		Port:               r.integer("PORT", 0, 65535),
		TrustedProxies:     proxies(r),
		WebhookRateLimit:   r.integer("WEBHOOK_RATE_LIMIT", 0, 1_000_000),
		SignatureTolerance: r.duration("SIGNATURE_TOLERANCE", time.Second, day),
		DashboardPassword:  r.secret("DASHBOARD_PASSWORD"),
		MetricsToken:       r.secret("METRICS_TOKEN"),
	}
	if strings.ContainsAny(s.Host, "/:@ ") {
		if _, err := netip.ParseAddr(s.Host); err != nil {
			r.problem("HOST", "is "+quote(s.Host), "set an address or a name alone, like 127.0.0.1; the port is PORT")
		}
	}
	if !s.MetricsToken.IsSet() && !isLoopback(s.Host) {
		r.findings.warn("METRICS_TOKEN", "is unset: /metrics is open to everybody who reaches "+s.Addr())
	}
	if s.DashboardPassword.IsSet() {
		if _, err := password.Parse(s.DashboardPassword.value); err != nil {
			r.problem("DASHBOARD_PASSWORD", err.Error(), "set 12 characters or more, or their hash by argon2id or bcrypt; or unset it")
		}
	}
	return s
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}

func proxies(r reader) []netip.Prefix {
	var all []netip.Prefix
	for part := range strings.SplitSeq(r.text("TRUSTED_PROXIES"), ",") {
		switch part = strings.TrimSpace(part); part {
		case "none":
		case "loopback":
			all = append(all, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
		default:
			prefix, ok := prefixOf(part)
			if !ok {
				r.problem("TRUSTED_PROXIES", "holds "+quote(part), "list addresses or networks like 10.0.0.0/8, or loopback, or none")
				return nil
			}
			if prefix.Bits() == 0 {
				r.problem("TRUSTED_PROXIES", "holds "+quote(part)+", which is everybody: each could choose an address of its own",
					"list the proxies alone")
				return nil
			}
			all = append(all, prefix)
		}
	}
	return all
}

func prefixOf(s string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(s); err == nil {
		return prefix.Masked(), true
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), true
}

func worker(r reader) Worker {
	return Worker{
		Concurrency:       r.integer("WORKER_CONCURRENCY", 1, 1000),
		Retries:           r.schedule("RETRY_SCHEDULE"),
		PaymentRetries:    r.schedule("PAYMENT_RETRY_SCHEDULE"),
		ReconcileInterval: r.durationOrOff("RECONCILE_INTERVAL", time.Minute, 30*day),
	}
}

// retention bounds dead letters to the 90 days for which delete markers are
// remembered: a later replay could bring a deleted member back. A journal outlives
// the day in which a run that was cut short can be gone on with.
func retention(r reader) Retention {
	return Retention{
		DeadLetters: r.duration("DEAD_LETTER_RETENTION", time.Hour, 90*day),
		Activity:    r.duration("ACTIVITY_RETENTION", time.Hour, 90*day),
		Journals:    r.duration("JOURNAL_RETENTION", 2*day, 90*day),
	}
}

// stateDir follows systemd, then the XDG base directory specification.
func stateDir(r reader, o Options) string {
	dir := r.text("STATE_DIR")
	if dir == "" {
		dir, _, _ = strings.Cut(lookup(o.Environ, "STATE_DIRECTORY"), ":")
	}
	if home := lookup(o.Environ, "XDG_STATE_HOME"); dir == "" && filepath.IsAbs(home) {
		dir = filepath.Join(home, "ghostcm")
	}
	if home := lookup(o.Environ, "HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".local", "state", "ghostcm")
	}
	if dir == "" {
		r.problem("STATE_DIR", "is unset, and there is no home directory to fall back to", "set it to a directory that only ghostcm uses")
		return ""
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(o.Dir, dir)
	}
	return filepath.Clean(dir)
}
