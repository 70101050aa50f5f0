package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/ghostcm/ghostcm/internal/webhook"
)

// bearer lets those through who send the token. It compares sums, so that the
// time taken tells neither where a guess went wrong nor how long the token is.
func bearer(next http.Handler, token string) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(sent)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="ghostcm metrics"`)
			webhook.WriteError(w, http.StatusUnauthorized, "unauthorized", "Send the configured METRICS_TOKEN as a bearer token.")
			return
		}
		next.ServeHTTP(w, r)
	})
}
