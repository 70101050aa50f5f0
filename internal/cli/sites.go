package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
)

// siteView is a site as it is shown: everything but secrets.
type siteView struct {
	Name             string   `json:"name"`
	GhostURL         string   `json:"ghost_url"`
	ListID           string   `json:"list_id"`
	AdminAPI         bool     `json:"admin_api"`
	NotRepaired      string   `json:"not_repaired,omitempty"`
	OnDelete         string   `json:"on_delete"`
	OnOptOut         string   `json:"on_opt_out"`
	OnSuppressed     string   `json:"on_suppressed"`
	Resubscribe      string   `json:"resubscribe"`
	ConsentToTrack   string   `json:"consent_to_track"`
	OptOutsToGhost   bool     `json:"opt_outs_to_ghost"`
	LegacySignature  bool     `json:"legacy_signature"`
	WebhookURLPath   string   `json:"webhook_url_path"`
	PaymentProviders []string `json:"payment_providers"`
}

func viewSite(s config.Site) siteView {
	v := siteView{
		Name: s.Name, GhostURL: s.GhostURL, ListID: s.CMListID, AdminAPI: s.HasGhost(),
		OnDelete: string(s.Policy.OnDelete), OnOptOut: string(s.Policy.OnOptOut),
		OnSuppressed: string(s.Policy.OnSuppressed), Resubscribe: string(s.Policy.Resubscribe),
		ConsentToTrack: s.ConsentToTrack, OptOutsToGhost: s.OptOutsToGhost, LegacySignature: s.GhostLegacySignature,
		WebhookURLPath: s.WebhookPath(), PaymentProviders: []string{},
	}
	for _, p := range s.Payments.Providers {
		v.PaymentProviders = append(v.PaymentProviders, p.Name)
	}
	if !v.AdminAPI {
		v.NotRepaired = config.NotRepaired
	}
	return v
}

func newSitesCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "sites",
		Short: "List the configured sites",
		Long: "List the configured sites, and what is not repaired for those without an Admin API key.\n" +
			"It reads the configuration only and connects to nothing.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.sites(asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func (a *app) sites(asJSON bool) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	views := make([]siteView, 0, len(cfg.Sites))
	for _, s := range cfg.Sites {
		views = append(views, viewSite(s))
	}
	if asJSON {
		return a.writeJSON(map[string]any{"sites": views})
	}
	return a.siteTable(views)
}

func (a *app) siteTable(views []siteView) error {
	var rows [][]string
	for _, v := range views {
		adminAPI := "yes"
		if !v.AdminAPI {
			adminAPI = "no"
		}
		rows = append(rows, []string{
			v.Name, dash(v.GhostURL), v.ListID, adminAPI, v.OnDelete, dash(strings.Join(v.PaymentProviders, ",")), v.WebhookURLPath,
		})
	}
	if err := a.table([]string{"Site", "Ghost", "List", "Admin API", "On delete", "Payments", "Webhook"}, rows); err != nil {
		return err
	}
	for _, v := range views {
		if v.NotRepaired != "" {
			a.notef("%s has no Admin API key: %s.", v.Name, v.NotRepaired)
		}
	}
	return nil
}

// dash keeps empty cells visible, and columns countable.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// completeSites offers the names of the sites that are not yet on the command
// line, from the configuration alone. For ValidArgsFunction.
func (a *app) completeSites(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, name := range config.SiteNames(a.configOptions()) {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(begun)) && !containsFold(args, name) {
			names = append(names, name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeSite offers names for a first argument that is a site, and nothing after it.
func (a *app) completeSite(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeSites(c, args, begun)
}

func containsFold(all []string, s string) bool {
	for _, one := range all {
		if strings.EqualFold(one, s) {
			return true
		}
	}
	return false
}
