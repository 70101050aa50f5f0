package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/config"
)

// documented reads .env.example: each setting with its default.
func documented(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	previous := ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		key, val, isSetting := strings.Cut(strings.TrimPrefix(line, "#"), "=")
		isSetting = isSetting && key == strings.ToUpper(key) && !strings.Contains(key, " ")
		if isSetting {
			if _, twice := settings[key]; twice {
				t.Errorf("%s is documented twice", key)
			}
			if !strings.HasPrefix(previous, "#") {
				t.Errorf("%s has no comment above it", key)
			}
			settings[key] = val
		}
		previous = line
	}
	return settings
}

func TestTheExampleFileDocumentsExactlyTheSettingsAndTheirDefaults(t *testing.T) {
	t.Parallel()
	want := map[string]string{}
	for _, s := range config.Settings() {
		want[s.Name] = s.Default
	}
	for _, s := range config.SiteSettings() {
		want["SITE1_"+s.Name] = s.Default
	}
	if diff := cmp.Diff(want, documented(t)); diff != "" {
		t.Errorf("the code's settings (-) and .env.example (+) differ:\n%s", diff)
	}
}

func TestTheExampleFileFilledInLoads(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	env := strings.NewReplacer(
		"\nCM_API_KEY=", "\nCM_API_KEY=0123456789abcdef",
		"\nSITE1_NAME=", "\nSITE1_NAME=blog",
		"\nSITE1_GHOST_WEBHOOK_SECRET=", "\nSITE1_GHOST_WEBHOOK_SECRET=a-long-webhook-secret",
		"\nSITE1_CM_LIST_ID=", "\nSITE1_CM_LIST_ID=0123456789abcdef0123456789abcdef",
	).Replace(string(content))
	dir := write(t, map[string]string{".env": env})
	cfg, err := config.Load(config.Options{Environ: []string{"HOME=/home/ghost"}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if site, ok := cfg.Site("blog"); !ok || site.HasGhost() {
		t.Errorf("got %+v, want the site blog without an Admin API", cfg.Sites)
	}
}
