package reconcile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// A directory may be called like a pattern.
func TestJournalsAreFoundAndForgottenWhateverTheirDirectoryIsCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.dir = filepath.Join(w.dir, "state [of blog]*")
	w.engine = w.newEngine()
	w.populate(1)
	old := w.sync(nil).Journal
	if kept, err := reconcile.Runs(w.dir); err != nil || len(kept) != 1 {
		t.Errorf("found %v, %v", kept, err)
	}
	longAgo := time.Now().Add(-91 * 24 * time.Hour)
	if err := os.Chtimes(old, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	w.sync(nil)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the journal of a run 91 days ago is still there: %v", err)
	}
}

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
