package program

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// Examination says what Doctor looks at.
type Examination struct {
	Site      string // "" is all
	Fix       bool   // whether to mend what no person has to decide
	PublicURL string // where Ghost reaches serve, https://…; "" is unknown
	Files     []string
}

// Doctor examines the installation, and changes nothing unless Fix is set. The
// error is of a configuration that makes no clients, which Open has refused.
func (p *Program) Doctor(ctx context.Context, e Examination) (doctor.Report, error) {
	c := p.opt.Config
	o := doctor.Options{
		Store: p.Store, Queue: p.Queue, StateDir: c.StateDir, SilenceAfter: c.Alerts.SilenceAfter,
		Files: slices.Concat(e.Files, redisFiles(c.Redis)), PublicURL: e.PublicURL, Now: time.Now, Reason: redisReason,
	}
	for _, w := range c.Warnings {
		if !ofSite(w.Key) {
			o.Warnings = append(o.Warnings, doctor.Note(w))
		}
	}
	for _, s := range c.Sites {
		if e.Site != "" && e.Site != s.Name {
			continue
		}
		site, err := p.patient(s)
		if err != nil {
			return doctor.Report{}, fmt.Errorf("site %s: %w", s.Name, err)
		}
		o.Sites = append(o.Sites, site)
	}
	if e.Fix {
		return doctor.New(o).Mend(ctx), nil
	}
	return doctor.New(o).Examine(ctx), nil
}

// patient is a site with clients that count nothing: what doctor asks is no work.
func (p *Program) patient(s config.Site) (doctor.Site, error) {
	c := p.opt.Config
	patient := doctor.Site{
		Name: s.Name, Prefix: "SITE" + strconv.Itoa(s.N) + "_", GhostURL: s.GhostURL, Secret: s.WebhookSecrets[0].Reveal(),
		Legacy: s.GhostLegacySignature, ListID: s.CMListID, ListTime: &doctor.Watch{}, Fields: s.Fields, Chosen: s.ChosenFields,
		ListToken: s.CMWebhookToken.Reveal(), OptOuts: s.OptOutsToGhost, Policy: c.GhostPolicy(s), Payments: payments(s.Payments),
	}
	for _, w := range c.Warnings {
		if name, ofThis := strings.CutPrefix(w.Key, patient.Prefix); ofThis && !hasCheck(name) {
			patient.Warnings = append(patient.Warnings, doctor.Note(w))
		}
	}
	var err error
	patient.List, err = campaignmonitor.New(campaignmonitor.Options{
		BaseURL: c.CampaignMonitor.URL, APIKey: s.CMAPIKey.Reveal(), HTTP: patient.ListTime.On(outbound(c.OutboundPolicy())),
	})
	if err != nil || !s.HasGhost() {
		return patient, err
	}
	patient.Ghost, err = ghost.New(ghost.Options{
		URL: s.GhostURL, AdminKey: s.GhostAdminAPIKey.Reveal(), HTTP: outbound(c.GhostPolicy(s)),
	})
	return patient, err
}

// outbound is a client whose requests are bounded by their contexts.
func outbound(p egress.Policy) *http.Client {
	return egress.Client(p, egress.Options{Timeout: upstreamTimeout})
}

// ofSite says whether a setting is one of a site: SITE1_….
func ofSite(key string) bool {
	rest, isSite := strings.CutPrefix(key, "SITE")
	return isSite && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// hasCheck says whether doctor looks at what a setting's warning is about itself.
func hasCheck(name string) bool { return name == "GHOST_ADMIN_API_KEY" || name == "TIERS" }

func redisFiles(r config.Redis) []string {
	if r.TLSKey == "" {
		return nil
	}
	return []string{r.TLSKey}
}

func payments(p config.Payments) doctor.Payments {
	seen := doctor.Payments{TierSlugs: p.Tiers()}
	for _, provider := range p.Providers {
		seen.Providers = append(seen.Providers, provider.Name)
		if !provider.APIKey.IsSet() && hasAPIKey(provider.Name) {
			seen.WithoutKey = append(seen.WithoutKey, provider.Name)
		}
		sells := func(product config.Product) bool { return product.Provider == "" || product.Provider == provider.Name }
		if !slices.ContainsFunc(p.Products, sells) {
			seen.NoProductOf = append(seen.NoProductOf, provider.Name)
		}
	}
	if _, ipn := p.Provider(payment.PayPalIPN); ipn {
		seen.Unpriced = unpriced(p.Products)
	}
	return seen
}

// unpriced are the products that PayPal IPN may name, and for which any payment does.
func unpriced(products []config.Product) (ids []string) {
	for _, product := range products {
		named := product.Provider == "" || product.Provider == payment.PayPalIPN
		if named && product.Price.Currency == "" && !slices.Contains(ids, product.ID) {
			ids = append(ids, product.ID)
		}
	}
	return ids
}

// hasAPIKey says whether there is a setting for a provider's API key.
func hasAPIKey(provider string) bool {
	name := strings.ToUpper(strings.ReplaceAll(provider, "-", "_")) + "_API_KEY"
	return slices.ContainsFunc(config.SiteSettings(), func(s config.Setting) bool { return s.Name == name })
}
