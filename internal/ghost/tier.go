package ghost

import (
	"context"
	"net/url"
)

// Tier is a tier of a Ghost.
type Tier struct {
	ID     string `json:"id"`
	Slug   string `json:"slug"`
	Name   string `json:"name"`
	Active bool   `json:"active"` // archived tiers are not, and can be given to nobody
	Type   string `json:"type"`   // free or paid
}

// Tiers lists all tiers of the site, of which there are a handful. The Free tier
// is one of them: given to a member, it makes that member comped.
func (c *Client) Tiers(ctx context.Context) ([]Tier, error) {
	// Without a limit Ghost lists 15.
	call := call{op: "tiers", path: "tiers/", query: url.Values{"limit": {"100"}}, bytes: maxSingle}
	var body struct {
		Tiers few[Tier] `json:"tiers"`
	}
	if _, err := c.do(ctx, call, into(&body)); err != nil {
		return nil, err
	}
	if len(body.Tiers) == 0 {
		return nil, call.unreadable(errNoTiers)
	}
	return body.Tiers, nil
}
