//go:build e2e_cm

package contract_test

import (
	"net/http"
	"os"
	"testing"
	"time"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest/contract"
)

// TestTheServiceKeepsTheContract asks the real service, or whatever CM_API_URL names.
// It is the code that the tests of the simulator run.
func TestTheServiceKeepsTheContract(t *testing.T) {
	t.Parallel()
	target := contract.Target{
		URL: os.Getenv("CM_API_URL"), Key: os.Getenv("CM_API_KEY"), ListID: os.Getenv("CM_LIST_ID"),
		HTTP: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Pace: 250 * time.Millisecond,
	}
	if target.Key == "" || target.ListID == "" {
		t.Fatal("set CM_API_KEY, and CM_LIST_ID to an empty list whose name contains \"test\"")
	}
	if target.URL == "" {
		target.URL = cm.DefaultURL
	}
	r, err := contract.Check(t.Context(), target)
	if writing := r.Write(os.Stdout); writing != nil {
		t.Error(writing)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Facts {
		if f.Problem != "" {
			t.Errorf("§%s %s: %s", f.Section, f.Name, f.Problem)
		}
	}
	if r.Left != "" {
		t.Errorf("left: %s", r.Left)
	}
}
