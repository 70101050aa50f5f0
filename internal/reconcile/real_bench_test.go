package reconcile_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// BenchmarkSyncRealGhost holds the rate of an initial sync of a real Ghost against
// the rate at which the same Ghost serves its pages to a loop that does nothing
// else, in turn. GHOSTCM_TEST_GHOST_URL and GHOSTCM_TEST_GHOST_KEY say which
// Ghost; it is only read.
func BenchmarkSyncRealGhost(b *testing.B) {
	at, key := os.Getenv("GHOSTCM_TEST_GHOST_URL"), os.Getenv("GHOSTCM_TEST_GHOST_KEY")
	if at == "" || key == "" {
		b.Skip("not run: set GHOSTCM_TEST_GHOST_URL and GHOSTCM_TEST_GHOST_KEY")
	}
	client, err := ghost.New(ghost.Options{URL: at, AdminKey: key, HTTP: http.DefaultClient})
	if err != nil {
		b.Fatal(err)
	}
	members := 0
	var bare, synced time.Duration
	for b.Loop() {
		began := time.Now()
		members += fetchPages(b, at, key)
		bare += time.Since(began)
		w := newWorld(b, worldOptions{})
		w.site.Ghost = client
		began = time.Now()
		if _, err := w.engine.Run(b.Context(), reconcile.Request{Site: w.site}); err != nil {
			b.Fatal(err)
		}
		synced += time.Since(began)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(members)/bare.Seconds(), "bare-members/s")
	b.ReportMetric(float64(members)/synced.Seconds(), "sync-members/s")
	b.ReportMetric(100*bare.Seconds()/synced.Seconds(), "%-of-bare")
}

// fetchPages reads every page of members and nothing of them but the last id.
func fetchPages(b *testing.B, at, key string) (members int) {
	b.Helper()
	query := url.Values{"order": {"id asc"}, "include": {"tiers"}, "limit": {"100"}}
	for {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, at+"/ghost/api/admin/members/?"+query.Encode(), nil)
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Authorization", "Ghost "+token(b, key))
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		var page struct{ Members []struct{ ID string } }
		err = json.NewDecoder(answer.Body).Decode(&page)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			b.Fatalf("status %d, %v", answer.StatusCode, err)
		}
		members += len(page.Members)
		if len(page.Members) < 100 {
			return members
		}
		query.Set("filter", fmt.Sprintf("id:>'%s'", page.Members[len(page.Members)-1].ID))
	}
}

func token(b *testing.B, key string) string {
	b.Helper()
	id, secret, _ := strings.Cut(key, ":")
	raw, err := hex.DecodeString(secret)
	if err != nil {
		b.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	now := time.Now().Unix()
	text := encode(fmt.Appendf(nil, `{"alg":"HS256","typ":"JWT","kid":%q}`, id)) + "." +
		encode(fmt.Appendf(nil, `{"iat":%d,"exp":%d,"aud":"/admin/"}`, now, now+60))
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}
