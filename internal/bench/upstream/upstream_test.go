package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/limit"
	"github.com/ghostcm/ghostcm/internal/bench/upstream"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

func serve(t *testing.T) upstream.Client {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- upstream.Serve(ctx, func(a string) { address <- a }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return upstream.Client{Address: <-address}
}

func TestWaitCountsWhatIsOnTheListsSinceTheMark(t *testing.T) {
	t.Parallel()
	c := serve(t)
	sites, err := c.AddSites(t.Context(), 2, 0)
	if err != nil || len(sites) != 2 {
		t.Fatal(sites, err)
	}
	list := limit.List{URL: c.URL() + "/subscribers/" + sites[1].ListID, Key: cmtest.DefaultKey, HTTP: &http.Client{}}
	add := func(email string) {
		t.Helper()
		if err := list.Add(t.Context(), limit.Member{Email: email, Status: "free"}); err != nil {
			t.Fatal(err)
		}
	}
	add("before@example.org")
	if err := c.Mark(t.Context()); err != nil {
		t.Fatal(err)
	}
	add("after@example.org")
	sum, err := c.Wait(t.Context(), 1, time.Minute)
	if err != nil || sum.Active != 2 || sum.Writes != 1 || sum.Calls != 1 || sum.First == 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	at, err := c.Arrivals(t.Context())
	if err != nil || len(at) != 1 || at["after@example.org"] == 0 {
		t.Errorf("%v, %v", at, err)
	}
	if _, err := c.Wait(t.Context(), 2, time.Millisecond); err == nil || errors.Is(err, context.Canceled) {
		t.Error("a write that never came was waited for in vain, and nothing was said")
	}
}
