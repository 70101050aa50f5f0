package ghost_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

// captured is an answer of a real Ghost 6.65.0.
func captured(t *testing.T, name string) (status int, body string) {
	t.Helper()
	var f struct {
		Response struct {
			Status int
			Body   json.RawMessage
		}
	}
	if err := json.Unmarshal(read(t, "testdata/admin-api/"+name+".json"), &f); err != nil {
		t.Fatal(err)
	}
	if body = string(f.Response.Body); body == `""` {
		body = ""
	}
	return f.Response.Status, body
}

func TestSiteTellsHowTheClocksDiffer(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, 90 * time.Second, -time.Hour} {
		s := ghosttest.Run(t, ghosttest.Options{Now: func() time.Time { return time.Now().Add(ahead) }})
		got, err := clientOf(t, s).Site(t.Context())
		if err != nil || (got.Skew-ahead).Abs() > 2*time.Second {
			t.Errorf("%v ahead, told %v, %v", ahead, got.Skew, err)
		}
	}
	dateless := http.Header{"Date": nil}
	if got, err := answering(t, 200, dateless, `{"site":{"version":"6.65"}}`).Site(t.Context()); got.Skew != 0 || err != nil {
		t.Errorf("without a date: %v, %v", got.Skew, err)
	}
}

func TestConfigTellsHowAGhostIsRun(t *testing.T) {
	t.Parallel()
	for want, o := range map[ghost.SiteConfig]ghosttest.Options{
		{Version: "6.65.0", Database: "sqlite3", InternalWebhooks: member.Some(true)}: {},
		{Version: "6.65.0", Database: "mariadb", InternalWebhooks: member.Some(true)}: {MariaDB: true},
		{Version: "5.130.0", Database: "sqlite3"}:                                     {OldGhost: true},
	} {
		if got, err := clientOf(t, ghosttest.Run(t, o)).Config(t.Context()); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	status, body := captured(t, "perm-GET_config_")
	want := ghost.SiteConfig{Version: "6.65.0", Database: "sqlite3", InternalWebhooks: member.Some(true)}
	if got, err := answering(t, status, nil, body).Config(t.Context()); err != nil || got != want {
		t.Errorf("captured: got %+v, %v; want %+v", got, err, want)
	}
	if _, err := answering(t, 200, nil, `{}`).Config(t.Context()); kindOf(err) != ghost.Unreadable {
		t.Errorf("an empty answer: %v", err)
	}
}

func TestSettingsTellWhetherStripeIsConnected(t *testing.T) {
	t.Parallel()
	for _, stripe := range []bool{true, false} {
		s := ghosttest.Run(t, ghosttest.Options{Stripe: stripe})
		if got, err := clientOf(t, s).Settings(t.Context()); err != nil || got.Stripe != member.Some(stripe) {
			t.Errorf("Stripe %v: got %+v, %v", stripe, got, err)
		}
	}
	status, body := captured(t, "perm-GET_settings_")
	if got, err := answering(t, status, nil, body).Settings(t.Context()); err != nil || got.Stripe != member.Some(true) {
		t.Errorf("captured: got %+v, %v", got, err)
	}
	for _, body := range []string{
		`{"settings":[{"key":"title","value":"x"}]}`, `{"settings":[{"key":"paid_members_enabled","value":null}]}`,
	} {
		if got, err := answering(t, 200, nil, body).Settings(t.Context()); err != nil || got.Stripe.Known {
			t.Errorf("%s: got %+v, %v, want unknown", body, got, err)
		}
	}
	if _, err := answering(t, 200, nil, `{"settings":[]}`).Settings(t.Context()); kindOf(err) != ghost.Unreadable {
		t.Errorf("no settings: %v", err)
	}
}
