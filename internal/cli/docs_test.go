package cli

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/metrics"
)

// The manual must not promise what the program does not have. docs/cli is written
// from the program itself, and left out.
func manual(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{"README.md": readDoc(t, "README.md")}
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		page := "docs/" + filepath.Base(name)
		pages[page] = readDoc(t, page)
	}
	for _, name := range deployFiles(t) {
		pages[name] = readDoc(t, name)
	}
	if len(pages) < 4 {
		t.Fatalf("found only %d pages", len(pages))
	}
	return pages
}

// readDoc reads a file by its path from the root of the repository.
func readDoc(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// blocks are the fenced blocks of one language.
func blocks(page, language string) (found []string) {
	for _, m := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```").FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

func TestTheManualNamesOnlySettingsThatExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{ // of systemd, XDG and Ghost's log
		"CREDENTIALS_DIRECTORY": true, "STATE_DIRECTORY": true, "XDG_STATE_HOME": true, "NAME_FILE": true,
		"URL_PRIVATE_INVALID": true, "WEBHOOK_DELIVERY_FAILURE": true,
		"AF_INET": true, "AF_INET6": true, "AF_UNIX": true, "CGO_ENABLED": true,
		"CM_LIST_ID": true, "E2E_KEEP": true, "XDG_CACHE_HOME": true, // of tests against the real ones
	}
	for _, s := range config.Settings() {
		known[s.Name], known[s.Name+"_FILE"] = true, s.Secret
	}
	for _, s := range config.SiteSettings() {
		known["SITEN_"+s.Name], known["SITEN_"+s.Name+"_FILE"] = true, s.Secret
	}
	found := 0
	for page, text := range manual(t) {
		for _, name := range regexp.MustCompile(`\b[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9]\b`).FindAllString(text, -1) {
			found++
			numbered := regexp.MustCompile(`^SITE[1-9]_`).ReplaceAllString(name, "SITEN_")
			if !known[numbered] && !strings.HasPrefix(name, "GHOSTCM_") {
				t.Errorf("%s: there is no setting %s", page, name)
			}
		}
	}
	if found < 50 {
		t.Errorf("found only %d names", found)
	}
}

func TestTheManualNamesOnlyCommandsAndFlagsThatExist(t *testing.T) {
	t.Parallel()
	found := 0
	for page, text := range manual(t) {
		for _, m := range regexp.MustCompile("(?m)(?:^\\$ |^    |`|bin/|Ask: )ghostcm ([a-z-][^`|#\"\n]*)").FindAllStringSubmatch(text, -1) {
			found++
			a, _, _ := testApp()
			if wrong := wrongCommand(newRootCommand(a), strings.Fields(m[1])); wrong != "" {
				t.Errorf("%s: ghostcm %s: there is no %s", page, m[1], wrong)
			}
		}
	}
	if found < 15 {
		t.Errorf("found only %d commands", found)
	}
}

// wrongCommand is the first word of a command line that names nothing.
func wrongCommand(root *cobra.Command, words []string) string {
	c, rest, err := root.Find(words)
	if err != nil || c == root && !strings.HasPrefix(words[0], "-") {
		return words[0]
	}
	for i, word := range rest {
		name, isFlag := strings.CutPrefix(word, "--")
		name, _, _ = strings.Cut(name, "=")
		switch {
		case isFlag && name != "help" && c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil:
			return word
		case !isFlag && i == 0 && c.HasSubCommands() && c.ValidateArgs(rest) != nil:
			return word
		}
	}
	return ""
}

func TestTheManualNamesOnlyMetricsThatExist(t *testing.T) {
	t.Parallel()
	scraped := everyMetric(t)
	found := 0
	for page, text := range manual(t) {
		for _, name := range regexp.MustCompile(`\bghostcm_[a-z_]+\b`).FindAllString(text, -1) {
			found++
			if !strings.Contains(scraped, "\n"+name+"{") && !strings.Contains(scraped, "\n"+name+" ") {
				t.Errorf("%s: there is no metric %s", page, name)
			}
		}
	}
	if found < 8 {
		t.Errorf("found only %d names", found)
	}
}

// everyMetric is what a scrape looks like once everything has happened.
func everyMetric(t *testing.T) string {
	t.Helper()
	m := metrics.New(metrics.NewRegistry())
	m.Build("v1", "", "go1")
	m.Sites([]string{"blog"})
	m.CatchUps(nil)
	m.Watch(time.Second, func(context.Context) (metrics.Queue, error) {
		return metrics.Queue{Sites: []metrics.Site{{Name: "blog", CaughtUp: time.Now()}}}, nil
	})
	m.Webhook(metrics.Webhook{Site: "blog", Event: "member.added", Result: "accepted", At: time.Now()})
	m.Job("member", "done", time.Second)
	m.MemberOutcome("blog", "created")
	m.EventWritten("blog", time.Second)
	m.DeadLetter("blog", "member")
	m.Upstream(metrics.Request{Site: "blog", Upstream: "ghost", Op: "member", Status: 200})
	m.CatchUp("blog", metrics.CaughtUp, map[string]int{"add": 1})
	m.ListWebhook("blog", "accepted")
	m.Alert("dead_letters", metrics.AlertSent)
	m.Payments("blog", []string{"polar"}, []string{"merged"}, []string{"granted"})
	m.PaymentWebhook(metrics.PaymentWebhook{Site: "blog", Provider: "polar", Result: "accepted"})
	m.Spool(func() (int, time.Duration) { return 0, 0 })
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	return answer.Body.String()
}

// What the manual gives to copy has to work.
func TestTheConfigurationsInTheManualLoad(t *testing.T) {
	t.Parallel()
	env := blocks(readDoc(t, "README.md"), "dotenv")
	if len(env) != 1 || strings.Count(env[0], "\n") != 9 {
		t.Fatalf("README.md has %d .env files, not one of ten lines: %q", len(env), env)
	}
	dir := t.TempDir()
	write(t, dir, ".env", env[0])
	cfg, err := config.Load(config.Options{Dir: dir, Environ: []string{"HOME=" + dir}})
	if err != nil {
		t.Fatalf("the .env of README.md: %v", err)
	}
	if len(cfg.Sites) != 1 || !cfg.Sites[0].HasGhost() || len(cfg.Warnings) > 0 {
		t.Errorf("the .env of README.md: %d sites, warnings %v", len(cfg.Sites), cfg.Warnings)
	}
	page := readDoc(t, "docs/configuration.md")
	for extension, files := range map[string][]string{"yaml": blocks(page, "yaml"), "toml": blocks(page, "toml")} {
		if len(files) == 0 {
			t.Errorf("docs/configuration.md has no %s file", extension)
		}
		for _, content := range files {
			dir := t.TempDir()
			write(t, dir, "ghostcm."+extension, content)
			_, err := config.Load(config.Options{Dir: dir, ConfigFile: "ghostcm." + extension, Environ: []string{
				"HOME=" + dir, "CM_API_KEY=x", "SITE1_GHOST_WEBHOOK_SECRET=a-secret-word", "SITE2_GHOST_WEBHOOK_SECRET=another-secret",
				"SITE1_GHOST_ADMIN_API_KEY=" + cfg.Sites[0].GhostAdminAPIKey.Reveal(),
			}})
			if err != nil {
				t.Errorf("a %s of docs/configuration.md: %v\n%s", extension, err, content)
			}
		}
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every setting is explained somewhere, with its default.
func TestEverySettingAndItsDefaultIsInTheManual(t *testing.T) {
	t.Parallel()
	page := readDoc(t, "docs/configuration.md")
	settings := config.Settings()
	for _, s := range config.SiteSettings() {
		s.Name = "SITEN_" + s.Name
		settings = append(settings, s)
	}
	for _, s := range settings {
		rows := slices.DeleteFunc(strings.Split(page, "\n"), func(line string) bool { return !strings.Contains(line, "`"+s.Name+"`") })
		if len(rows) == 0 {
			t.Errorf("docs/configuration.md does not explain %s", s.Name)
		} else if s.Default != "" && !strings.Contains(strings.Join(rows, "\n"), s.Default) {
			t.Errorf("docs/configuration.md does not give the default of %s: %s", s.Name, s.Default)
		}
	}
}

func TestTheLinksOfTheManualLeadSomewhere(t *testing.T) {
	t.Parallel()
	for page, text := range manual(t) {
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			}
		}
	}
}
