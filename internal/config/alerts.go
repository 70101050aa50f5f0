package config

import (
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
)

// alerts reads where alarms go. A secret that signs nothing is a mistake: who set
// it counts on signatures.
func alerts(r reader, p egress.Policy) Alerts {
	a := Alerts{
		WebhookURL:    r.secretURL("ALERT_WEBHOOK_URL", p),
		WebhookSecret: r.secret("ALERT_WEBHOOK_SECRET"),
		HeartbeatURL:  r.secretURL("HEARTBEAT_URL", p),
		SilenceAfter:  r.duration("SILENCE_AFTER", time.Minute, 365*day),
	}
	switch n := len(a.WebhookSecret.value); {
	case n == 0:
	case n < weakSecret:
		r.problem("ALERT_WEBHOOK_SECRET", fmt.Sprintf("has less than %d characters, and can be guessed", weakSecret),
			"set a random one of 32, like what 'openssl rand -hex 16' prints, here and at the receiver")
	case !r.secret("ALERT_WEBHOOK_URL").IsSet():
		r.problem("ALERT_WEBHOOK_SECRET", "is set, but ALERT_WEBHOOK_URL is not", "set both, or the URL alone")
	case n < shortSecret:
		r.findings.warn("ALERT_WEBHOOK_SECRET", fmt.Sprintf("has less than %d characters: a random one of 32 is safe", shortSecret))
	}
	return a
}
