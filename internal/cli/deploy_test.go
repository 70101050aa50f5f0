package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/config"
)

// deployFiles are the files of docs/deploy, by their path from the root. The
// tests of the manual read them, too.
func deployFiles(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../docs/deploy/*")
	if err != nil || len(names) < 12 {
		t.Fatalf("found %d files to deploy with: %v", len(names), err)
	}
	for i, name := range names {
		names[i] = "docs/deploy/" + filepath.Base(name)
	}
	return names
}

// Compose and PM2 give the command without the program before it.
func TestDeployFilesRunCommandsThatExist(t *testing.T) {
	t.Parallel()
	found := 0
	for _, name := range []string{"docs/deploy/compose.yaml", "docs/deploy/ecosystem.config.js"} {
		for _, m := range regexp.MustCompile(`(?:command|args): "?((?:serve|worker)[^",\n]*)`).FindAllStringSubmatch(readDoc(t, name), -1) {
			found++
			a, _, _ := testApp()
			if wrong := wrongCommand(newRootCommand(a), strings.Fields(m[1])); wrong != "" {
				t.Errorf("%s: ghostcm %s: there is no %s", name, m[1], wrong)
			}
		}
	}
	if found != 4 {
		t.Errorf("found %d commands, not two of each file", found)
	}
}

// What systemd gives to the units is a whole configuration.
func TestTheUnitsGiveAWholeConfiguration(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"ghostcm-serve.service", "ghostcm-worker.service"} {
		secrets := t.TempDir()
		given := regexp.MustCompile(`(?m)^LoadCredential=([A-Z0-9_]+):/etc/ghostcm/secrets/([A-Z0-9_]+)$`).
			FindAllStringSubmatch(readDoc(t, "docs/deploy/"+unit), -1)
		for _, m := range given {
			if m[1] != m[2] {
				t.Errorf("%s: %s comes from the file of %s", unit, m[1], m[2])
			}
			secret := "a-secret-of-sixteen-or-more"
			if strings.HasSuffix(m[1], "ADMIN_API_KEY") {
				secret = "0123456789abcdef01234567:" + strings.Repeat("0123456789abcdef", 4)
			}
			if err := os.WriteFile(filepath.Join(secrets, m[1]), []byte(secret), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file, err := filepath.Abs("../../docs/deploy/ghostcm.yaml")
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(config.Options{
			ConfigFile: file, Dir: secrets, Environ: []string{"CREDENTIALS_DIRECTORY=" + secrets, "STATE_DIRECTORY=" + secrets},
		})
		if err != nil {
			t.Fatalf("%s: %v", unit, err)
		}
		if len(cfg.Sites) != 1 || !cfg.Sites[0].HasGhost() || len(cfg.Warnings) > 0 {
			t.Errorf("%s: %d sites, warnings %v", unit, len(cfg.Sites), cfg.Warnings)
		}
	}
}

func TestTheSettingsOfComposeAreRight(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environ := []string{"HOME=" + dir}
	for _, m := range regexp.MustCompile(`(?m)^ {6}([A-Z_]+): ([^#\n]+)`).FindAllStringSubmatch(readDoc(t, "docs/deploy/compose.yaml"), -1) {
		environ = append(environ, m[1]+"="+strings.TrimSpace(m[2]))
	}
	write(t, dir, ".env", blocks(readDoc(t, "README.md"), "dotenv")[0])
	cfg, err := config.Load(config.Options{Dir: dir, Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Server.Host != "0.0.0.0" || len(cfg.Server.TrustedProxies) < 2 || len(environ) != 5 {
		t.Errorf("host %s, proxies %v, of %d settings", cfg.Server.Host, cfg.Server.TrustedProxies, len(environ))
	}
}

// Compose keeps .env, which is all secrets, where an image is built from.
func TestNoImageHoldsTheSecretsOfCompose(t *testing.T) {
	t.Parallel()
	if !strings.Contains(readDoc(t, "docs/deploy/compose.yaml"), "env_file: .env\n") ||
		!slices.Contains(strings.Split(readDoc(t, ".dockerignore"), "\n"), ".env") {
		t.Error("the build copies the file of compose's settings")
	}
}

// A worker that is run for one sync leaves its journal where the next finds it.
func TestEveryContainerKeepsItsState(t *testing.T) {
	t.Parallel()
	shared, _, _ := strings.Cut(readDoc(t, "docs/deploy/compose.yaml"), "\nservices:")
	if !strings.Contains(shared, "state:/var/lib/ghostcm") {
		t.Error("what all containers of ghostcm share holds no state directory")
	}
}

// The addresses of a list's webhook and of Gumroad's pings carry a secret.
func TestNoProxyLogsASecretOfAnAddress(t *testing.T) {
	t.Parallel()
	nginx := readDoc(t, "docs/deploy/nginx.conf")
	for _, location := range []string{"/webhook/campaignmonitor/", "~ ^/webhook/payment/[^/]+/gumroad$"} {
		silent := `location ` + regexp.QuoteMeta(location) + ` \{\s+access_log off;\s+error_log /dev/null;`
		if !regexp.MustCompile(silent).MatchString(nginx) {
			t.Errorf("nginx.conf writes whole addresses of %s", location)
		}
	}
	filter := regexp.MustCompile(`request>uri regexp "([^"]+)" "\$1-"`).FindStringSubmatch(readDoc(t, "docs/deploy/Caddyfile"))
	if filter == nil {
		t.Fatal("the Caddyfile writes whole addresses")
	}
	for _, address := range []string{"/webhook/campaignmonitor/blog/hunter2", "/webhook/payment/blog/gumroad?token=hunter2"} {
		if written := regexp.MustCompile(filter[1]).ReplaceAllString(address, "$1-"); strings.Contains(written, "hunter2") {
			t.Errorf("Caddy writes %s", written)
		}
	}
}

func TestTheSocketUnitListensWhereServeWould(t *testing.T) {
	t.Parallel()
	var host, port string
	for _, s := range config.Settings() {
		switch s.Name {
		case "HOST":
			host = s.Default
		case "PORT":
			port = s.Default
		}
	}
	address := host + ":" + port
	for name, text := range map[string]string{
		"ghostcm-serve.socket": "\nListenStream=" + address + "\n",
		"nginx.conf":           "proxy_pass http://" + address + ";",
		"Caddyfile":            "reverse_proxy " + address + " ",
	} {
		if !strings.Contains(readDoc(t, "docs/deploy/"+name), text) {
			t.Errorf("%s does not have %q", name, text)
		}
	}
}

// The dashboard asks for metrics that a process exposes, also those of Go.
func TestTheGrafanaDashboardAsksForMetricsThatExist(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readDoc(t, "docs/deploy/grafana.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	scraped := everyMetric(t)
	var ids []int
	asked := 0
	for _, panel := range dashboard.Panels {
		if slices.Contains(ids, panel.ID) {
			t.Errorf("two panels have the id %d", panel.ID)
		}
		ids = append(ids, panel.ID)
		for _, target := range panel.Targets {
			for _, name := range regexp.MustCompile(`\b(?:ghostcm|process|go)_[a-z_]+`).FindAllString(target.Expr, -1) {
				asked++
				if !strings.Contains(scraped, "\n"+name+"{") && !strings.Contains(scraped, "\n"+name+" ") {
					t.Errorf("%q: there is no metric %s", panel.Title, name)
				}
			}
		}
	}
	if asked < 20 {
		t.Errorf("found only %d metrics", asked)
	}
}

// An alert whose label never comes would never ring.
func TestTheAlertsAskForResultsThatExist(t *testing.T) {
	t.Parallel()
	scraped := everyMetric(t)
	for _, m := range regexp.MustCompile(`(ghostcm_[a-z_]+)\{result="([a-z_]+)"\}`).FindAllStringSubmatch(readDoc(t, "docs/deploy/alerts.yml"), -1) {
		if !regexp.MustCompile(m[1] + `\{[^}]*result="` + m[2] + `"`).MatchString(scraped) {
			t.Errorf("%s never has the result %s", m[1], m[2])
		}
	}
}
