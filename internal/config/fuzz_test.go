package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/config"
)

// FuzzLoad: whatever stands in the environment, in .env and in the config file,
// Load returns a configuration or problems, and never a secret.
func FuzzLoad(f *testing.F) {
	yaml, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("PORT=1\nSITE2_NAME=x", "CM_API_KEY='x'\n", string(yaml))
	f.Add("SITE1_TIERS=a=b:1d,=", "export A=${B}\n\"", "sites: [{fields: {status: []}}]\n")
	f.Add("REDIS_URL=redis-sentinel://[::1]:1,/m", "\xef\xbb\xbfA: b", "? x\n: - y")
	f.Fuzz(func(t *testing.T, environment, dotenv, yaml string) {
		dir := t.TempDir()
		for name, content := range map[string]string{".env": dotenv, "f.yaml": yaml} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		environ := append(with(nil), strings.Split(environment, "\n")...)
		cfg, err := config.Load(config.Options{Dir: dir, ConfigFile: "f.yaml", Environ: environ})
		var problems config.Problems
		switch {
		case err == nil && len(cfg.Sites) == 0:
			t.Fatal("a configuration without sites")
		case err != nil && !errors.As(err, &problems):
			t.Fatalf("no list of problems: %v", err)
		case err != nil && strings.Contains(err.Error(), "hunter2") && !strings.Contains(environment+dotenv+yaml, "hunter2"):
			t.Fatalf("a secret of the environment is told: %v", err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"90d", "1d12h", "0", "5m", "d", "1dd", "-1d", "9999999999d", "1d-1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := config.ParseDuration(s)
		if err != nil {
			return
		}
		again, err := config.ParseDuration(config.FormatDuration(d))
		if d < 0 || err != nil || again != d {
			t.Fatalf("%q is %v, written %q, read %v, %v", s, d, config.FormatDuration(d), again, err)
		}
	})
}
