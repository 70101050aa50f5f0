package ghost

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Site is what a Ghost says of itself.
type Site struct {
	Title   string `json:"title"`
	URL     string `json:"url"`     // as configured in Ghost
	Version string `json:"version"` // major and minor: "6.65"
	// Skew is how far Ghost's clock is ahead of ours, by the answer's Date, to a
	// second; 0 if that is missing.
	Skew time.Duration `json:"-"`
}

// Site asks Ghost for its title, URL and version. Ghost answers this without
// looking at the key.
func (c *Client) Site(ctx context.Context) (Site, error) {
	call := call{op: "site", path: "site/", bytes: maxSingle}
	var body struct {
		Site Site `json:"site"`
	}
	a, err := c.do(ctx, call, into(&body))
	if err != nil {
		return Site{}, err
	}
	if body.Site.Version == "" {
		return Site{}, call.unreadable(errNotJSON)
	}
	body.Site.Skew = a.skew
	return body.Site, nil
}

// SiteConfig is how a Ghost is run, as far as it matters to ghostcm.
type SiteConfig struct {
	Version  string // whole: "6.65.0"
	Database string // "sqlite3", "mysql" or "mariadb"
	// InternalWebhooks is whether Ghost sends webhooks to private addresses;
	// unknown before Ghost 6.27, which always does.
	InternalWebhooks member.Maybe[bool]
}

// Config asks Ghost how it is run.
func (c *Client) Config(ctx context.Context) (SiteConfig, error) {
	call := call{op: "config", path: "config/", bytes: maxSettings}
	var body struct {
		Config struct {
			Version  string `json:"version"`
			Database string `json:"database"`
			Security struct {
				InternalWebhooks *bool `json:"allowWebhookInternalIPs"`
			} `json:"security"`
		} `json:"config"`
	}
	if _, err := c.do(ctx, call, into(&body)); err != nil {
		return SiteConfig{}, err
	}
	told := body.Config
	if told.Version == "" {
		return SiteConfig{}, call.unreadable(errNotJSON)
	}
	return SiteConfig{Version: told.Version, Database: told.Database, InternalWebhooks: known(told.Security.InternalWebhooks)}, nil
}

// Settings are those settings of a site that matter to ghostcm.
type Settings struct {
	// Stripe is whether Stripe is connected. Without it, a change of tiers leaves
	// a member's status alone. Unknown if Ghost shows no setting that tells.
	Stripe member.Maybe[bool]
}

// Settings asks Ghost for its settings.
func (c *Client) Settings(ctx context.Context) (Settings, error) {
	call := call{op: "settings", path: "settings/", bytes: maxSettings}
	var body struct {
		Settings []setting `json:"settings"`
	}
	if _, err := c.do(ctx, call, into(&body)); err != nil {
		return Settings{}, err
	}
	if len(body.Settings) == 0 {
		return Settings{}, call.unreadable(errNotJSON)
	}
	return Settings{Stripe: stripe(body.Settings)}, nil
}

type setting struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// stripe looks for Ghost's own verdict, which it derives from the members being
// on and the keys of Stripe being there, the pasted ones or those of Connect.
func stripe(all []setting) member.Maybe[bool] {
	for _, s := range all {
		if s.Key == "paid_members_enabled" && (bytes.Equal(s.Value, []byte("true")) || bytes.Equal(s.Value, []byte("false"))) {
			return member.Some(s.Value[0] == 't')
		}
	}
	return member.Maybe[bool]{}
}
