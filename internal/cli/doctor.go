package cli

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/program"
)

type doctorOptions struct {
	fix, asJSON bool
	publicURL   string
}

func newDoctorCommand(a *app) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor [SITE]",
		Short: "Check files, Redis, workers, Ghost, webhooks and lists, and say what to do",
		Long: "Check everything that has to be right, of all sites or of one: files and their permissions, Redis,\n" +
			"workers and what waits, each site's Ghost and its key, its webhooks and the public URL as Ghost sees\n" +
			"it, its list in Campaign Monitor with its custom fields, and payments. Each check ends in ok, warn or\n" +
			"fail, with a detail and a remedy. It ends within 15 seconds, whatever is down; exit code 5 says that\n" +
			"a check failed.\n\n" +
			"Nothing is changed without --fix. With it, missing custom fields are created. With --public-url too,\n" +
			"the webhooks are registered in Ghost, with the first configured secret, and in Campaign Monitor where\n" +
			"a site has a token for its list's webhook. Doing so again changes nothing.\n\n" +
			"--json writes one document; \"fixed\" is there with --fix only:\n\n" + doctorShape,
		Example: "  ghostcm doctor\n  ghostcm doctor mainblog --fix --public-url https://hooks.example.com\n" +
			"  ghostcm doctor --json | jq -r '.checks[] | select(.status == \"fail\") | .name'",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeSite,
		RunE:              func(c *cobra.Command, args []string) error { return a.doctor(c.Context(), o, args) },
	}
	flags := c.Flags()
	flags.BoolVar(&o.fix, "fix", false, "mend what no person has to decide")
	flags.StringVar(&o.publicURL, "public-url", "", "`URL` at which Ghost reaches ghostcm serve: https://hooks.example.com")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON")
	return c
}

const doctorShape = `  {
    "checks": [{"site", "name", "status", "detail", "remedy"}],   status: ok, warn or fail
    "fixed": [{"site", "what", "failed"}]   failed: why it did not work; absent if it did
  }`

func (a *app) doctor(ctx context.Context, o doctorOptions, args []string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	examination := program.Examination{Fix: o.fix, PublicURL: o.publicURL, Files: a.secretFiles()}
	if len(args) > 0 {
		if examination.Site, err = siteNamed(cfg, args[0]); err != nil {
			return err
		}
	}
	if err := checkPublicURL(cfg, o.publicURL); err != nil {
		return err
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	report, err := opened.Doctor(ctx, examination)
	if err != nil {
		return unusable(err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.showReport(report, o); err != nil {
		return err
	}
	if report.Count(doctor.Fail) > 0 {
		return exitWith(codeFound, nil)
	}
	return nil
}

// secretFiles are the files that this command line reads secrets from, but for
// those that settings name: their permissions are warned of at every start.
func (a *app) secretFiles() []string {
	files := []string{filepath.Join(a.dir, ".env")}
	if a.configFile != "" {
		path := a.configFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(a.dir, path)
		}
		files = append(files, path)
	}
	there := files[:0]
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			there = append(there, f)
		}
	}
	return there
}

// checkPublicURL looks at the form. Where it leads, doctor finds out.
func checkPublicURL(cfg *config.Config, raw string) error {
	if raw == "" {
		return nil
	}
	policy := egress.Policy{AllowPrivate: true, AllowHTTP: cfg.AllowInsecureURLs}
	if err := egress.CheckURL(raw, policy); err != nil {
		return usageError("--public-url: " + err.Error())
	}
	u, err := url.Parse(raw)
	if err != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") {
		return usageError("--public-url: leave out everything from the ? or # on")
	}
	return nil
}
