package webhook_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

type nowhere struct{}

func (nowhere) Accept(context.Context, store.Delivery) (store.Receipt, error) {
	return store.Receipt{JobID: "j1"}, nil
}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// The way from a request to its answer, without network and Redis.
func BenchmarkAccept(b *testing.B) {
	g := webhook.NewGhost(webhook.GhostOptions{
		Sites: []webhook.Site{{Name: "blog", Secrets: [][]byte{[]byte(secret)}}},
		Inbox: nowhere{},
		Log:   slog.New(slog.NewJSONHandler(nowhere{}, nil)),
		Now:   func() time.Time { return now },
	})
	for _, c := range captures(b) {
		if c.name != "member.added-plain.json" && c.name != "member.added-manylabels.json" {
			continue
		}
		b.Run(c.name, func(b *testing.B) {
			body := []byte(c.body)
			signature := ghost.Sign(body, []byte(secret), now)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/webhook/ghost/blog"+c.query, bytes.NewReader(body))
				r.Header.Set(ghost.SignatureHeader, signature)
				w := httptest.NewRecorder()
				g.ServeHTTP(w, r)
				if w.Code != 202 {
					b.Fatalf("answer %d", w.Code)
				}
			}
		})
	}
}

// Whatever strangers send is refused, in the form of all refusals.
func FuzzStrangersAreRefused(f *testing.F) {
	in := &inbox{}
	g := webhook.NewGhost(webhook.GhostOptions{
		Sites: []webhook.Site{{Name: "blog", Secrets: [][]byte{[]byte(secret)}}},
		Inbox: in,
		Now:   func() time.Time { return now },
	})
	f.Add("POST", "/webhook/ghost/blog", "sha256=00, t=1790000000123", []byte(plain))
	f.Add("GET", "/webhook/ghost/../x//", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, header string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawPath = method, path, ""
		r.Header.Set(ghost.SignatureHeader, header)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code < 400 || w.Code > 499 || w.Code == 410 || len(in.all()) != 0 {
			t.Fatalf("answer %d, %d in the inbox", w.Code, len(in.all()))
		}
		if (answer{body: w.Body.String()}).code(t) == "" || w.Header().Get("Location") != "" {
			t.Fatalf("answer %s", w.Body)
		}
	})
}
