package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
)

// FuzzTiers wants of any map of products what can be sold, or a problem that says so.
func FuzzTiers(f *testing.F) {
	for _, s := range []string{
		"prod_1=gold, price_9=silver:30d", "a=b", "a==b", "https://x/?y=z=gold:1d12h", "=gold", "a=", "a=Gold", "a=b:", "a=b:1s", "a=b,a=c", ",", "a=b:99999999d",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, tiers string) {
		if strings.ContainsAny(tiers, "\n\x00") {
			return
		}
		cfg, err := config.Load(config.Options{Dir: t.TempDir(), Environ: with(map[string]string{
			"SITE1_STRIPE_SECRET": "whsec_hunter2", "SITE1_GHOST_URL": "https://ghost.example",
			"SITE1_GHOST_ADMIN_API_KEY": strings.Repeat("a", 24) + ":" + strings.Repeat("b", 64), "SITE1_TIERS": tiers,
		})})
		if err != nil {
			var problems config.Problems
			if !errors.As(err, &problems) || strings.Contains(err.Error(), "hunter2") && !strings.Contains(tiers, "hunter2") {
				t.Fatalf("%q: %v", tiers, err)
			}
			return
		}
		seen := map[string]bool{}
		for _, p := range cfg.Sites[0].Payments.Products {
			if p.ID == "" || p.Tier == "" || strings.ToLower(p.Tier) != p.Tier || p.Length != 0 && p.Length < time.Hour || seen[p.ID] {
				t.Fatalf("%q: %+v", tiers, p)
			}
			seen[p.ID] = true
		}
		if given := strings.TrimSpace(tiers) != ""; given != (len(seen) > 0) {
			t.Fatalf("%q maps %d products, and nobody is told", tiers, len(seen))
		}
	})
}

// FuzzTOML is FuzzLoad for the other form of the file.
func FuzzTOML(f *testing.F) {
	f.Add("port = 3000\n[[sites]]\nname = \"x\"\n")
	f.Add("sites = 1")
	f.Add("[[sites]]\n[[sites.payments]]\nproduct = \"p\"\ntier = 7\n")
	f.Add("a.b.c = 1979-05-27T07:32:00Z\nredis_url = \"redis://u:hunter2@h\"")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "f.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(config.Options{Dir: dir, ConfigFile: "f.toml", Environ: with(nil)})
		var problems config.Problems
		if err == nil && len(cfg.Sites) == 0 || err != nil && !errors.As(err, &problems) {
			t.Fatalf("%d sites, %v", len(cfg.Sites), err)
		}
	})
}
