package ghosttest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// crowd is a Ghost with n members, which does not listen.
func crowd(t testing.TB, n int) *ghosttest.Server {
	t.Helper()
	s := ghosttest.New(ghosttest.Options{})
	records := make([]ghosttest.Member, n)
	for i := range records {
		records[i] = ghosttest.Member{
			Email: fmt.Sprintf("m%d@example.com", i), Name: fmt.Sprintf("Member %d", i), Labels: []string{"VIP", fmt.Sprintf("L%d", i%50)},
		}
	}
	if got := s.Import(records); got != n {
		t.Fatalf("imported %d members, want %d", got, n)
	}
	return s
}

// BenchmarkWalk reads all of 20,000 members by pages of 100, without a network.
func BenchmarkWalk(b *testing.B) {
	const n = 20_000
	s := crowd(b, n)
	all := s.Members()
	key := "Ghost " + token(b, func(map[string]any, jwt.MapClaims) {})
	for b.Loop() {
		after := "0"
		for range n / 100 {
			req := httptest.NewRequest(http.MethodGet, "/ghost/api/admin/members/?order=id%20asc&include=tiers&limit=100&filter=id:%3E%27"+after+"%27", nil)
			req.Header.Set("Authorization", key)
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			if rec.Code != 200 {
				b.Fatal(rec.Body)
			}
		}
		_ = all
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "members/s")
}
