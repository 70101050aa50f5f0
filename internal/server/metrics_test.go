package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/server"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

func TestWhatIsAnsweredIsCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New(prometheus.NewRegistry())
	m.Sites([]string{"blog"})
	ghosts := webhook.NewGhost(webhook.GhostOptions{
		Sites: []webhook.Site{{Name: "blog", Secrets: [][]byte{[]byte(secret)}}},
		Inbox: &inbox{},
		Observe: func(o webhook.Outcome) {
			m.Webhook(metrics.Webhook{Site: o.Site, Event: o.Event, Result: o.Result, Took: o.Took, Bytes: o.Bytes, At: o.At})
		},
	})
	r := start(t, server.Options{Webhooks: map[string]http.Handler{"ghost": ghosts}, Metrics: m.Handler()})
	do(t, genuine(t, r.url))
	do(t, request(t, http.MethodPost, r.url+"/webhook/ghost/blog"))
	do(t, request(t, http.MethodPost, r.url+"/webhook/ghost/nobody"))

	for _, line := range []string{
		`ghostcm_webhooks_total{event="member.added",result="accepted",site="blog"} 1`,
		`ghostcm_webhooks_total{event="none",result="signature_missing",site="blog"} 1`,
		`ghostcm_webhooks_total{event="none",result="unknown_site",site="other"} 1`,
	} {
		waitFor(t, func() bool { return strings.Contains(get(t, r.url+"/metrics").body, "\n"+line+"\n") })
	}
}
