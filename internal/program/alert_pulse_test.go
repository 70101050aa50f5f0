package program

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostcm/ghostcm/internal/alert"
	"github.com/ghostcm/ghostcm/internal/config"
)

// pings is a monitor that counts, without a network.
type pings struct{ atomic.Int32 }

func (p *pings) RoundTrip(*http.Request) (*http.Response, error) {
	p.Add(1)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// minutely is a Redis that answers, and lets one ping pass in each interval.
type minutely struct{ next time.Time }

func (m *minutely) ClaimHeartbeat(_ context.Context, every time.Duration) (bool, error) {
	if time.Now().Before(m.next) {
		return false, nil
	}
	m.next = time.Now().Add(every)
	return true, nil
}

func TestAMonitorHearsNothingOfWorkersThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Program{turns: &atomic.Uint64{}}
		monitor := &pings{}
		heart := alert.NewHeartbeat(alert.HeartbeatOptions{
			Claims: &minutely{}, Moved: p.Working(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
			Target: func() alert.Target {
				return alert.Target{URL: "https://monitor.example/uuid", HTTP: &http.Client{Transport: monitor}}
			},
		})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { heart.Run(ctx) })
		for range 10 * 60 {
			p.turns.Add(1)
			time.Sleep(time.Second)
		}
		if n := monitor.Load(); n < 9 || n > 10 {
			t.Errorf("%d pings in ten minutes of work", n)
		}
		time.Sleep(time.Minute) // what came round before the end
		before := monitor.Load()
		time.Sleep(time.Hour)
		if n := monitor.Load() - before; n != 0 {
			t.Errorf("%d pings while no worker came round", n)
		}
		stop()
		running.Wait()
	})
}

// A redirect would take the URL's secret to whoever answers.
func TestNobodyIsFollowedFromTheMonitor(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	monitor := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer monitor.Close()
	p := &Program{opt: Options{Config: &config.Config{AllowInsecureURLs: true}}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, monitor.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.receiver().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusFound || elsewhere.Load() != 0 {
		t.Errorf("answered %d, and %d requests went elsewhere", answer.StatusCode, elsewhere.Load())
	}
}
