package metrics_test

import (
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/metrics"
)

func TestCatchUpsAreCountedAndStartAtZero(t *testing.T) {
	t.Parallel()
	m := setup(t, "blog")
	m.CatchUps([]string{"add", "update"})
	wantSeries(t, scrape(t, m),
		`ghostcm_catchup_runs_total{result="ok",site="blog"} 0`,
		`ghostcm_catchup_runs_total{result="failed",site="blog"} 0`,
		`ghostcm_catchup_changes_total{kind="add",site="blog"} 0`,
		`ghostcm_list_webhooks_total{result="accepted",site="blog"} 0`,
	)
	m.CatchUp("blog", metrics.CaughtUp, map[string]int{"add": 250})
	m.CatchUp("elsewhere", metrics.CatchUpFailed, nil)
	m.ListWebhook("blog", "accepted")
	m.ListWebhook("reader@example.com", "unknown_site")
	text := scrape(t, m)
	wantSeries(t, text,
		`ghostcm_catchup_runs_total{result="ok",site="blog"} 1`,
		`ghostcm_catchup_runs_total{result="failed",site="other"} 1`,
		`ghostcm_catchup_changes_total{kind="add",site="blog"} 250`,
		`ghostcm_list_webhooks_total{result="accepted",site="blog"} 1`,
		`ghostcm_list_webhooks_total{result="unknown_site",site="other"} 1`,
	)
	if strings.Contains(text, "example.com") {
		t.Error("what a stranger sent became a label")
	}
	m.Sites([]string{"shop"})
	if text := scrape(t, m); strings.Contains(text, `ghostcm_catchup_runs_total{result="ok",site="blog"}`) {
		t.Error("the series of a site that is configured no more go on")
	}
	var none *metrics.Metrics
	none.CatchUps(nil)
	none.CatchUp("blog", metrics.CaughtUp, nil)
	none.ListWebhook("blog", "accepted")
}
