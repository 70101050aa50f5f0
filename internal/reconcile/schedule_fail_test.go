package reconcile_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// lame fails requests while it is told to.
type lame struct{ fails atomic.Pointer[string] }

func (l *lame) RoundTrip(r *http.Request) (*http.Response, error) {
	if part := l.fails.Load(); part != nil && strings.Contains(r.URL.Path, *part) {
		return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Walks that fail are tried ever more rarely; what the census finds meanwhile is
// written all the same.
func TestWhoChangesIsWrittenThoughFullWalksFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.populate(5)
	between, bounced := &lame{}, "/bounced.json"
	between.fails.Store(&bounced)
	var err error
	w.site.List, err = campaignmonitor.New(campaignmonitor.Options{
		BaseURL: w.list.URL(), APIKey: cmtest.DefaultKey, HTTP: &http.Client{Transport: between},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.schedule(scheduled{})
	w.eventually("a turn without a full walk", func() string {
		if c := w.caughtUp(); !c.OK || c.Full {
			return fmt.Sprintf("%+v", c)
		}
		return ""
	})
	w.ghost.Import([]ghosttest.Member{person(7), person(8)})
	w.eventually("who came meanwhile", w.wantActive(2))
	between.fails.Store(nil)
	if err := w.store.AskFullWalk(t.Context(), siteName, "a test"); err != nil {
		t.Fatal(err)
	}
	w.eventually("everybody else", w.wantActive(7))
	w.agrees()
}
