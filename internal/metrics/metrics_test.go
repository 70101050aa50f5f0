package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ghostcm/ghostcm/internal/metrics"
)

func setup(t *testing.T, sites ...string) *metrics.Metrics {
	t.Helper()
	m := metrics.New(prometheus.NewRegistry())
	m.Sites(sites)
	return m
}

// scrape returns the series ("name{labels} value") of one scrape.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if rec.Code != 200 {
		t.Fatalf("scrape answered %d", rec.Code)
	}
	return rec.Body.String()
}

func wantSeries(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no series %q", line)
		}
	}
}

func TestSeriesOfASiteExistBeforeItsFirstEvent(t *testing.T) {
	t.Parallel()
	wantSeries(t, scrape(t, setup(t, "blog")),
		`ghostcm_webhooks_total{event="member.added",result="accepted",site="blog"} 0`,
		`ghostcm_webhooks_total{event="member.deleted",result="accepted",site="blog"} 0`,
		`ghostcm_event_lag_seconds_count{site="blog"} 0`,
	)
}

func TestEveryCallIsCountedUnderItsName(t *testing.T) {
	t.Parallel()
	m := setup(t, "blog")
	at := time.UnixMilli(1_700_000_000_500)
	m.Build("v1.2.3", "abc", "go1.26")
	m.Webhook(metrics.Webhook{Site: "blog", Event: "member.added", Result: "accepted", Took: time.Millisecond, Bytes: 900, At: at})
	m.Webhook(metrics.Webhook{Site: "blog", Result: "signature_mismatch", Took: time.Millisecond})
	m.Job("member", "done", 20*time.Millisecond)
	m.MemberOutcome("blog", "added")
	m.EventWritten("blog", 3*time.Second)
	m.DeadLetter("blog", "member")
	m.Upstream(metrics.Request{Site: "blog", Upstream: "campaignmonitor", Op: "import", Status: 201, Took: time.Second})
	m.Upstream(metrics.Request{Site: "blog", Upstream: "ghost", Op: "member", Status: 0})

	wantSeries(t, scrape(t, m),
		`ghostcm_build_info{commit="abc",goversion="go1.26",version="v1.2.3"} 1`,
		`ghostcm_webhooks_total{event="member.added",result="accepted",site="blog"} 1`,
		`ghostcm_webhooks_total{event="none",result="signature_mismatch",site="blog"} 1`,
		`ghostcm_webhook_duration_seconds_count{result="accepted"} 1`,
		`ghostcm_webhook_duration_seconds_count{result="refused"} 1`,
		`ghostcm_webhook_body_bytes_sum 900`,
		`ghostcm_last_event_timestamp_seconds{site="blog"} 1.7000000005e+09`,
		`ghostcm_jobs_total{kind="member",outcome="done"} 1`,
		`ghostcm_job_duration_seconds_count{kind="member"} 1`,
		`ghostcm_member_outcomes_total{outcome="added",site="blog"} 1`,
		`ghostcm_event_lag_seconds_bucket{site="blog",le="5"} 1`,
		`ghostcm_event_lag_seconds_bucket{site="blog",le="2.5"} 0`,
		`ghostcm_dead_letters_total{kind="member",site="blog"} 1`,
		`ghostcm_upstream_requests_total{class="2xx",op="import",site="blog",upstream="campaignmonitor"} 1`,
		`ghostcm_upstream_requests_total{class="error",op="member",site="blog",upstream="ghost"} 1`,
		`ghostcm_upstream_request_duration_seconds_count{op="import",upstream="campaignmonitor"} 1`,
	)

}

func TestLabelsStayBoundedWhateverIsSent(t *testing.T) {
	t.Parallel()
	m := setup(t, "blog")
	for _, name := range []string{"x1", "x2", "reader@example.com", ""} {
		m.Webhook(metrics.Webhook{Site: name, Event: name, Result: "unknown_site"})
		m.MemberOutcome(name, "added")
	}
	text := scrape(t, m)
	wantSeries(t, text,
		`ghostcm_webhooks_total{event="none",result="unknown_site",site="other"} 4`,
		`ghostcm_member_outcomes_total{outcome="added",site="other"} 4`,
	)
	if strings.Contains(text, "example.com") || strings.Contains(text, `"x1"`) {
		t.Error("what a stranger sent became a label")
	}
}

func TestStatusesFallIntoFewClasses(t *testing.T) {
	t.Parallel()
	want := map[string]bool{"1xx": true, "2xx": true, "3xx": true, "4xx": true, "429": true, "5xx": true, "error": true}
	m := setup(t, "blog")
	for status := -1; status < 1200; status++ {
		m.Upstream(metrics.Request{Site: "blog", Upstream: "ghost", Op: "site", Status: status})
	}
	got := map[string]bool{}
	for line := range strings.Lines(scrape(t, m)) {
		if rest, ok := strings.CutPrefix(line, `ghostcm_upstream_requests_total{class="`); ok {
			class, _, _ := strings.Cut(rest, `"`)
			got[class] = true
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("classes %v, want %v", got, want)
	}
}

func TestQueueIsReadAtEachScrape(t *testing.T) {
	t.Parallel()
	m := setup(t)
	depth := 0
	m.Watch(time.Second, func(context.Context) (metrics.Queue, error) {
		depth++
		return metrics.Queue{
			Depth: depth, Oldest: 1500 * time.Millisecond, Retrying: 3, DeadLetters: 4, Workers: 5, Waiting: 6, WaitingOldest: 7 * time.Second,
			Sites: []metrics.Site{{Name: "blog", Broken: "ghost", CaughtUp: time.UnixMilli(1_700_000_000_500)}, {Name: "shop", Paused: true}},
		}, nil
	})
	wantSeries(t, scrape(t, m), "ghostcm_redis_up 1", "ghostcm_queue_depth 1", "ghostcm_queue_oldest_seconds 1.5",
		"ghostcm_jobs_retrying 3", "ghostcm_dead_letters 4", "ghostcm_workers 5", "ghostcm_members_waiting 6", "ghostcm_members_waiting_oldest_seconds 7",
		`ghostcm_breaker_open{site="blog",upstream="ghost"} 1`, `ghostcm_breaker_open{site="blog",upstream="campaignmonitor"} 0`,
		`ghostcm_catchup_last_success_timestamp_seconds{site="blog"} 1.7000000005e+09`, `ghostcm_site_paused{site="blog"} 0`, `ghostcm_site_paused{site="shop"} 1`)
	wantSeries(t, scrape(t, m), "ghostcm_queue_depth 2")
}

func TestTheSpoolIsSeenWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.Watch(time.Second, func(context.Context) (metrics.Queue, error) { return metrics.Queue{}, errors.New("down") })
	m.Spool(func() (int, time.Duration) { return 12, 90 * time.Second })
	wantSeries(t, scrape(t, m), "ghostcm_redis_up 0", "ghostcm_spool_deliveries 12", "ghostcm_spool_oldest_seconds 90")
}

func TestAFailingRedisShowsNoStaleNumbers(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.Watch(time.Second, func(context.Context) (metrics.Queue, error) { return metrics.Queue{Depth: 7}, errors.New("down") })
	text := scrape(t, m)
	wantSeries(t, text, "ghostcm_redis_up 0")
	if strings.Contains(text, "ghostcm_queue_depth") {
		t.Error("a depth is shown though Redis did not answer")
	}
}

func TestAHangingRedisDoesNotHangTheScrape(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.Watch(20*time.Millisecond, func(ctx context.Context) (metrics.Queue, error) {
		<-ctx.Done()
		return metrics.Queue{}, ctx.Err()
	})
	wantSeries(t, scrape(t, m), "ghostcm_redis_up 0")
}

func TestNilMetricsDoNothing(t *testing.T) {
	t.Parallel()
	var m *metrics.Metrics
	m.Build("v", "c", "g")
	m.Sites([]string{"blog"})
	m.Webhook(metrics.Webhook{})
	m.Job("member", "done", 0)
	m.MemberOutcome("blog", "added")
	m.EventWritten("blog", 0)
	m.DeadLetter("blog", "member")
	m.Upstream(metrics.Request{})
	m.Watch(0, nil)
	m.Spool(nil)
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if rec.Code != 404 {
		t.Errorf("a nil Metrics answered %d, want 404", rec.Code)
	}
}
