package config_test

import (
	"testing"

	"github.com/ghostcm/ghostcm/internal/config"
)

func BenchmarkLoad(b *testing.B) {
	o := config.Options{Dir: b.TempDir(), Environ: with(nil)}
	for b.Loop() {
		if _, err := config.Load(o); err != nil {
			b.Fatal(err)
		}
	}
}
