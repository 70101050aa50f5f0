package program_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// Ghost was seen to open about a hundred connections at once; this is three times
// that.
func TestABurstOfWebhooksIsTakenWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	site := r.sites[0]
	site.HoldWebhooks(true)
	r.add(site, 300)
	hooks := site.TakeWebhooks()
	var refused atomic.Int64
	var posting sync.WaitGroup
	for _, hook := range hooks {
		posting.Go(func() {
			if status, err := site.Send(t.Context(), hook); status != http.StatusAccepted || err != nil {
				refused.Add(1)
			}
		})
	}
	posting.Wait()
	if n := refused.Load(); n > 0 {
		t.Errorf("%d of %d webhooks at once were refused", n, len(hooks))
	}
}
