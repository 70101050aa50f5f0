package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
)

// A pause that a catch-up finds to be over must not wait for a job that is not
// there.
func TestACatchUpOpensTheGateOfASiteThatIsWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(3)
	if _, err := w.store.Pause(t.Context(), siteName, "ghost", "a key that was wrong"); err != nil {
		t.Fatal(err)
	}
	w.schedule(scheduled{})
	w.eventually("open", func() string {
		if gate, err := w.store.Gate(t.Context(), siteName); err != nil || !gate.Open {
			return fmt.Sprintf("%+v, %v", gate, err)
		}
		return ""
	})
	w.eventually("a walk after the pause", func() string {
		if !strings.Contains(w.log.all(), `"why":"pause_ended"`) {
			return "none"
		}
		return ""
	})
}
