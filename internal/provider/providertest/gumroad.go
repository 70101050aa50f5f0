package providertest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Gumroad is its API, as far as it shows a sale.
type Gumroad struct {
	URL string
	Key string // the access token that it takes

	mu     sync.Mutex
	sales  map[string]map[string]any
	faults []int
}

// RunGumroad starts a Gumroad without sales that ends with the test.
func RunGumroad(t testing.TB) *Gumroad {
	t.Helper()
	g := &Gumroad{Key: "token-of-gumroad", sales: map[string]map[string]any{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.URL = server.URL
	return g
}

// Sell adds a sale, or changes what it holds: keys as the API has them, with id.
func (g *Gumroad) Sell(sale map[string]any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id, _ := sale["id"].(string)
	if g.sales[id] == nil {
		g.sales[id] = map[string]any{
			"refunded": false, "partially_refunded": false, "chargedback": false, "disputed": false, "dispute_won": false,
		}
	}
	maps.Copy(g.sales[id], sale)
}

// FailNext makes the next answers be these statuses.
func (g *Gumroad) FailNext(statuses ...int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, statuses...)
}

// ServeHTTP answers GET /v2/sales/{id}: gumroad.com/api#get-/sales/:id. A sale that
// there is not is a success of HTTP.
func (g *Gumroad) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.faults) > 0 {
		w.WriteHeader(g.faults[0])
		g.faults = g.faults[1:]
		return
	}
	escaped, ok := strings.CutPrefix(r.URL.EscapedPath(), "/v2/sales/")
	id, err := url.PathUnescape(escaped)
	switch {
	case !ok || err != nil || r.Method != http.MethodGet:
		w.WriteHeader(http.StatusNotFound)
	case r.Header.Get("Authorization") != "Bearer "+g.Key:
		w.WriteHeader(http.StatusUnauthorized)
	case g.sales[id] == nil:
		_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "message": "The sale was not found."})
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "sale": g.sales[id]})
	}
}
