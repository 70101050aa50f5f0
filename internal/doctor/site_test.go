package doctor_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

func withoutGhost() map[string]string {
	return map[string]string{
		"blog ghost": "fail", "blog ghost_version": "not checked", "blog ghost_key": "not checked", "blog ghost_stripe": "not checked",
		"blog ghost_clock": "not checked",
	}
}

// later is Ghost's clock.
func later(d time.Duration) ghosttest.Options {
	return ghosttest.Options{Now: func() time.Time { return time.Now().Add(d) }}
}

func TestGhost(t *testing.T) {
	t.Parallel()
	point := func(handler http.Handler) func(*world) {
		return func(w *world) {
			other := httptest.NewServer(handler)
			w.t.Cleanup(other.Close)
			w.site.Ghost, w.site.GhostURL = w.ghostClient(other.URL, w.ghost.AdminKey()), other.URL
		}
	}
	otherKey := strings.Replace(ghosttest.DefaultKey, ":00", ":ff", 1)
	run(t, map[string]breakage{
		"down":            {harm: func(w *world) { w.ghost.SetDown(true) }, want: withoutGhost(), says: []string{"503", "SITE1_GHOST_URL"}},
		"another program": {harm: point(stranger(200, "<html>", "")), want: withoutGhost(), says: []string{"must lead to Ghost itself"}},
		"a redirect":      {harm: point(stranger(301, "", "/x")), want: withoutGhost(), says: []string{"where the redirect leads"}},
		"another address than its own": {
			harm: func(w *world) { w.site.GhostURL = "http://localhost:1" },
			want: map[string]string{"blog ghost": "warn"}, says: []string{"calls itself 127.0.0.1:"},
		},
		"a wrong key": {
			harm: func(w *world) { w.site.Ghost = w.ghostClient(w.ghost.URL(), otherKey) },
			want: map[string]string{"blog ghost_key": "fail", "blog ghost_stripe": "not checked"},
			says: []string{"SITE1_GHOST_ADMIN_API_KEY", "Integrations"},
		},
		"no key": {
			harm: func(w *world) { w.site.Ghost, w.site.GhostURL = nil, "" },
			want: map[string]string{"blog ghost_key": "warn"}, says: []string{"not repaired", "SITE1_GHOST_ADMIN_API_KEY"},
		},
		"too old for the signature": {
			variant: variant{ghost: ghosttest.Options{Version: "5.80"}},
			want:    map[string]string{"blog ghost_version": "fail"}, says: []string{"SITE1_GHOST_LEGACY_SIGNATURE=true"},
		},
		"too new for the legacy signature": {
			harm: func(w *world) { w.site.Legacy = true },
			want: map[string]string{"blog ghost_version": "fail"}, says: []string{"SITE1_GHOST_LEGACY_SIGNATURE=false"},
		},
		"a clock that is off": {
			variant: variant{ghost: later(45 * time.Second)}, want: map[string]string{"blog ghost_clock": "warn"}, says: []string{"ahead of ours"},
		},
		"a clock that is far off": {
			variant: variant{ghost: later(-3 * time.Minute)}, want: map[string]string{"blog ghost_clock": "fail"}, says: []string{"behind ours"},
		},
		"Stripe": {variant: variant{ghost: ghosttest.Options{Stripe: true}}, want: map[string]string{}},
	})
}

func TestWebhooksAndEvents(t *testing.T) {
	t.Parallel()
	now := time.Now()
	heard := func(h store.Heard) func(*world) { return func(w *world) { w.heard(h) } }
	run(t, map[string]breakage{
		"none ever came": {
			harm: func(w *world) { w.do("DEL", "{ghostcm}:heard:blog") },
			want: map[string]string{"blog last_event": "warn"}, says: []string{"no webhook has come", "ghostcm sites"},
		},
		"silence": {
			harm: heard(store.Heard{At: now.Add(-50 * time.Hour)}),
			want: map[string]string{"blog last_event": "warn"}, says: []string{"2 days ago", "SILENCE_AFTER"},
		},
		"the last was refused": {
			harm: heard(store.Heard{At: now.Add(-time.Hour), RefusedAt: now, Refusal: "signature_mismatch"}),
			want: map[string]string{"blog last_event": "warn"}, says: []string{"signature_mismatch", "SITE1_GHOST_WEBHOOK_SECRET"},
		},
		"one was refused before the last": {
			harm: heard(store.Heard{At: now, RefusedAt: now.Add(-time.Hour), Refusal: "signature_mismatch"}), want: map[string]string{},
		},
		"URL and body contradict each other": {
			harm: heard(store.Heard{At: now, ContradictedAt: now.Add(-time.Minute)}),
			want: map[string]string{"blog last_event": "warn"}, says: []string{"another event than its body"},
		},
		"registered for another address": {
			harm: func(w *world) {
				h := store.Hook{ID: "1", URL: "https://old.example/webhook/ghost/blog?event=member.edited", At: now}
				if err := w.store.KeepHook(w.t.Context(), "blog", "member.edited", h); err != nil {
					w.t.Fatal(err)
				}
			},
			want: map[string]string{"blog webhooks": "warn"}, says: []string{"another address", "member.edited"},
		},
	})
}

func TestTheList(t *testing.T) {
	t.Parallel()
	without := map[string]string{
		"blog list": "fail", "blog list_unsubscribes": "not checked", "blog list_opt_in": "not checked", "blog list_fields": "not checked",
		"blog list_clock": "not checked",
	}
	key := func(key string) func(*world) {
		return func(w *world) { w.site.List = w.listClient(key, w.site.ListTime) }
	}
	run(t, map[string]breakage{
		"down":        {harm: func(w *world) { w.list.SetDown(true) }, want: without, says: []string{"503", "status page"}},
		"a wrong key": {harm: key("hunter2"), want: without, says: []string{"API key is not valid", "SITE1_CM_API_KEY"}},
		"an unknown list": {
			harm: func(w *world) { w.site.ListID = strings.Repeat("0", 32) },
			want: without, says: []string{"there is no such list", "SITE1_CM_LIST_ID"},
		},
		"unsubscribes reach all lists": {
			variant: variant{list: cmtest.ListOptions{UnsubscribeSetting: "AllClientLists"}},
			want:    map[string]string{"blog list_unsubscribes": "warn"}, says: []string{"this list only"},
		},
		"confirmed opt-in": {
			variant: variant{list: cmtest.ListOptions{ConfirmedOptIn: true}},
			want:    map[string]string{"blog list_opt_in": "warn"}, says: []string{"single opt-in"},
		},
		"fields that are missing": {
			harm: func(w *world) {
				w.list.RemoveField(w.listID, "ghost_labels")
				w.list.RemoveField(w.listID, "ghost_signup_date")
			},
			want: map[string]string{"blog list_fields": "fail"},
			says: []string{"missing: ghost_labels (Text), ghost_signup_date (Date)", "ghostcm doctor blog --fix"},
		},
		"a field of a type that holds no text": {
			harm: func(w *world) {
				w.list.RemoveField(w.listID, "ghost_status")
				w.list.AddField(w.listID, "ghost_status", "Date")
			},
			want: map[string]string{"blog list_fields": "fail"}, says: []string{"ghost_status is Date, not Text", "fields:"},
		},
		"an optional field of a wrong type": {
			harm: func(w *world) { w.list.AddField(w.listID, "ghost_tiers", "Number") },
			want: map[string]string{"blog list_fields": "fail"}, says: []string{"ghost_tiers is Number, not Text"},
		},
		"a date as text, and names in another case": {
			harm: func(w *world) {
				w.list.RemoveField(w.listID, "ghost_signup_date")
				w.list.AddField(w.listID, "Ghost_Signup_Date", "Text")
			},
			want: map[string]string{},
		},
		"a field that is switched off": {
			harm: func(w *world) {
				w.list.RemoveField(w.listID, "ghost_labels")
				delete(w.site.Fields, member.FactLabels)
			},
			want: map[string]string{},
		},
		"opt-outs without a webhook": {
			harm: func(w *world) { w.site.OptOuts = true },
			want: map[string]string{"blog list_webhook": "warn"}, says: []string{"SITE1_CM_WEBHOOK_TOKEN"},
		},
		"a webhook for other events": {
			harm: func(w *world) {
				w.site.ListToken = token
				url := w.front.URL + "/webhook/campaignmonitor/blog/" + token
				if _, err := w.site.List.CreateWebhook(w.t.Context(), w.listID, url, []string{"Subscribe"}); err != nil {
					w.t.Fatal(err)
				}
			},
			want: map[string]string{"blog list_webhook": "fail"}, says: []string{"not for the event Deactivate"},
		},
		"a webhook at another address": {
			harm: func(w *world) {
				w.site.ListToken = token
				url := "https://old.example/webhook/campaignmonitor/blog/" + token
				if _, err := w.site.List.CreateWebhook(w.t.Context(), w.listID, url, []string{"Deactivate"}); err != nil {
					w.t.Fatal(err)
				}
			},
			want: map[string]string{"blog list_webhook": "warn"}, says: []string{"another address"},
		},
		"a clock that is off": {
			harm: func(w *world) { w.site.ListTime.Now = func() time.Time { return time.Now().Add(-time.Minute) } },
			want: map[string]string{"blog list_clock": "warn"}, says: []string{"Campaign Monitor is 1m0s ahead of ours"},
		},
	})
}

func TestPayments(t *testing.T) {
	t.Parallel()
	stripe := ghosttest.Options{Stripe: true, MariaDB: true}
	sells := func(p doctor.Payments) func(*world) {
		return func(w *world) {
			w.site.Payments = p
			w.ghost.AddTier("Gold", "gold")
			w.heardOf("blog:polar", store.Heard{At: time.Now()})
		}
	}
	whole := doctor.Payments{Providers: []string{"polar"}, TierSlugs: []string{"gold"}}
	noMap, noKey, noProduct, noPrice := whole, whole, whole, whole
	noPrice.Unpriced = []string{"book", "pass"}
	noMap.TierSlugs = nil
	noKey.WithoutKey = []string{"polar"}
	noProduct.NoProductOf = []string{"polar"}
	run(t, map[string]breakage{
		"whole":          {variant: variant{ghost: stripe}, harm: sells(whole), want: map[string]string{}},
		"without Stripe": {variant: variant{ghost: ghosttest.Options{MariaDB: true}}, harm: sells(whole), want: map[string]string{"blog ghost_stripe": "warn"}},
		"on SQLite": {
			variant: variant{ghost: ghosttest.Options{Stripe: true}}, harm: sells(whole),
			want: map[string]string{"blog payments": "warn"}, says: []string{"SQLite"},
		},
		"no tiers": {
			variant: variant{ghost: stripe}, harm: sells(noMap),
			want: map[string]string{"blog payments": "fail"}, says: []string{"SITE1_TIERS"},
		},
		"no key": {
			variant: variant{ghost: stripe}, harm: sells(noKey),
			want: map[string]string{"blog payments": "warn"}, says: []string{"SITE1_POLAR_API_KEY"},
		},
		"no product of a provider": {
			variant: variant{ghost: stripe}, harm: sells(noProduct),
			want: map[string]string{"blog payments": "warn"}, says: []string{"no product of polar"},
		},
		"a product without a price": {
			variant: variant{ghost: stripe}, harm: sells(noPrice),
			want: map[string]string{"blog payments": "warn"}, says: []string{"a cent for book, pass", "set price"},
		},
		"no such tier": {
			variant: variant{ghost: stripe}, harm: func(w *world) { sells(whole)(w); w.site.Payments.TierSlugs = []string{"platinum"} },
			want: map[string]string{"blog payment_tiers": "fail"}, says: []string{"no tier platinum", "gold"},
		},
		"an archived tier": {
			variant: variant{ghost: stripe}, harm: func(w *world) { sells(whole)(w); w.ghost.ArchiveTier("gold") },
			want: map[string]string{"blog payment_tiers": "fail"}, says: []string{"archived"},
		},
		"no webhook yet": {
			variant: variant{ghost: stripe},
			harm:    func(w *world) { sells(whole)(w); w.do("DEL", "{ghostcm}:heard:blog:polar") },
			want:    map[string]string{"blog payment_webhooks": "warn"}, says: []string{"/webhook/payment/blog/polar"},
		},
		"a refused webhook": {
			variant: variant{ghost: stripe},
			harm: func(w *world) {
				sells(whole)(w)
				w.heardOf("blog:polar", store.Heard{RefusedAt: time.Now().Add(time.Second), Refusal: "signature_mismatch"})
			},
			want: map[string]string{"blog payment_webhooks": "warn"}, says: []string{"signature_mismatch", "SITE1_POLAR_"},
		},
		"purchases that wait for Ghost": {
			variant: variant{ghost: stripe},
			harm: func(w *world) {
				sells(whole)(w)
				if _, err := w.store.Pause(w.t.Context(), entitlement.GateOf("blog"), "ghost", "HTTP 503"); err != nil {
					w.t.Fatal(err)
				}
			},
			want: map[string]string{"blog payment_gate": "warn"}, says: []string{"purchases wait"},
		},
		"purchases without access": {
			variant: variant{ghost: stripe},
			harm: func(w *world) {
				sells(whole)(w)
				for i, state := range []payment.State{payment.StateFailed, payment.StateUnmapped, payment.StateUnmapped, payment.StateGranted} {
					e := payment.Entitlement{ID: fmt.Sprintf("polar:s%d", i), Site: "blog", Provider: "polar", Outcome: payment.Outcome{State: state}}
					if _, saved, err := w.store.SaveEntitlement(w.t.Context(), e, ""); err != nil || !saved {
						w.t.Fatal(saved, err)
					}
				}
			},
			want: map[string]string{"blog payment_access": "warn"},
			says: []string{"1 failed, 2 unmapped", "payments retry --site blog --state failed", "SITE1_TIERS"},
		},
	})
}

// refusing stands before a Ghost that sends nothing to private addresses.
func refusing(w *world) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		in, err := http.NewRequestWithContext(r.Context(), r.Method, w.ghost.URL()+r.URL.RequestURI(), r.Body)
		if err != nil {
			w.t.Error(err)
			return
		}
		in.Header = r.Header
		in.Header.Del("Accept-Encoding")
		resp, err := http.DefaultTransport.RoundTrip(in)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		body = bytes.Replace(body, []byte(`"allowWebhookInternalIPs":true`), []byte(`"allowWebhookInternalIPs":false`), 1)
		body = bytes.Replace(body, []byte(w.ghost.URL()), []byte("http://"+r.Host), 1)
		out.WriteHeader(resp.StatusCode)
		_, _ = out.Write(body)
	}))
	w.t.Cleanup(s.Close)
	return s
}
