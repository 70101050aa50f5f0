package program_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A 503 there would make a proxy drop webhooks that Redis would have taken.
func TestReadinessDoesNotDependOnWhatOnlyHealthTells(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	status := func(path string) int {
		resp, err := http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	r.eventually("healthy", 10*time.Second, func() string {
		if got := status("/health"); got != 200 {
			return http.StatusText(got)
		}
		return ""
	})
	opts, err := redis.ParseURL(r.redis)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close()
	if err := client.Set(t.Context(), "{ghostcm}:gate:site1", "no hash", 0).Err(); err != nil {
		t.Fatal(err)
	}
	r.eventually("degraded", 10*time.Second, func() string {
		if got := status("/health"); got != 503 {
			return http.StatusText(got)
		}
		return ""
	})
	if got := status("/readyz"); got != 200 {
		t.Errorf("readyz %d, want 200", got)
	}
}
