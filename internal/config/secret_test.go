package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/config"
)

func TestASecretNeverPrints(t *testing.T) {
	t.Parallel()
	whole := load(t, config.Options{Environ: with(map[string]string{
		"DASHBOARD_PASSWORD": "dashboard-hunter2", "REDIS_URL": "redis://:hunter2@localhost", "ALERT_WEBHOOK_URL": "https://hooks.example/hunter2",
		"SITE1_STRIPE_SECRET": "whsec_hunter2", "SITE1_TIERS": "a=gold", "SITE1_PAYPAL_IPN_RECEIVER": "hunter2@example.com",
	})})
	s := config.NewSecret("hunter2")
	for _, v := range []any{s, &s, []config.Secret{s}, map[string]config.Secret{"k": s}, struct{ S config.Secret }{s}, *whole, whole, whole.Sites} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %[1]v"} {
			hides(t, verb, fmt.Sprintf(verb, v))
		}
		hides(t, "Sprint", fmt.Sprint(v)+fmt.Sprintln(v))
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		hides(t, "json", string(encoded))
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		hides(t, "slog", log.String())
	}
}

// hides fails if printed holds the secret, as text or in hexadecimal.
func hides(t *testing.T, how, printed string) {
	t.Helper()
	if strings.Contains(printed, "hunter2") || strings.Contains(strings.ToLower(printed), fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("%s prints a secret: %s", how, printed)
	}
}

func TestASecretIsRevealedOnRequest(t *testing.T) {
	t.Parallel()
	if got := config.NewSecret("hunter2").Reveal(); got != "hunter2" {
		t.Errorf("got %q", got)
	}
	if (config.Secret{}).IsSet() || !config.NewSecret("x").IsSet() {
		t.Error("IsSet does not tell a set secret from an unset one")
	}
}
