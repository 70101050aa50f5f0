package reconcile_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Who can write to Redis chooses no file that addresses are written to.
func TestARunWhoseIDIsAPathIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(50)
	w.ghost.SetDown(true)
	if _, err := w.engine.Run(t.Context(), w.request(nil)); err == nil {
		t.Fatal("the run was not cut short")
	}
	w.ghost.SetDown(false)
	key := "{ghostcm}:checkpoint:" + siteName
	kept := w.redis.Get(t.Context(), key).Val()
	planted := strings.Replace(kept, `"run":"`, `"run":"../`, 1)
	if err := w.redis.Set(t.Context(), key, planted, redis.KeepTTL).Err(); err != nil || planted == kept {
		t.Fatalf("%v, %q", err, planted)
	}
	r := w.sync(nil)
	if r.Resumed || filepath.Dir(r.Journal) != filepath.Join(w.dir, "runs") {
		t.Errorf("resumed %t, with the journal %s", r.Resumed, r.Journal)
	}
	w.agrees()
}
