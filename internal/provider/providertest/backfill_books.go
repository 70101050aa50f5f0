package providertest

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Books is the API of one provider, for whoever asks what was sold. It is strict
// where the provider is: credentials, page sizes, names of orders and headers.
type Books struct {
	URL string
	Key string // the one it takes; of PayPal client:secret

	provider string
	now      func() time.Time

	mu      sync.Mutex
	lists   map[string][]entry
	refused []refusal
	asked   int
	token   string // of PayPal, that counts at present
}

// entry is one record, by its id and the time its list is ordered by.
type entry struct {
	id  string
	at  time.Time
	raw json.RawMessage
}

type refusal struct {
	status     int
	retryAfter string
}

// RunBooks starts the API of a provider until the test ends. Lists are empty.
func RunBooks(t testing.TB, provider string, now func() time.Time) *Books {
	t.Helper()
	b := NewBooks(provider, now)
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.URL = server.URL
	return b
}

// NewBooks makes the API of a provider without a listener.
func NewBooks(provider string, now func() time.Time) *Books {
	b := &Books{Key: "key-of-" + provider, provider: provider, now: now, lists: map[string][]entry{}}
	if provider == "paypal" {
		b.Key = "client-of-paypal:secret"
	}
	return b
}

// ChangeKey has the API take another key from now on, and refuse the one before.
func (b *Books) ChangeKey(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Key = key
}

// Put adds records to a list: "events" of Stripe, Paddle and PayPal; "customers" of Paddle; "orders",
// "subscriptions" and "refunds" of Polar; "orders", "subscriptions" and
// "subscription-invoices" of Lemon Squeezy. A record with a known id replaces it.
func (b *Books) Put(list string, records ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range records {
		e := read(json.RawMessage(r))
		b.lists[list] = slices.DeleteFunc(b.lists[list], func(old entry) bool { return old.id == e.id })
		b.lists[list] = append(b.lists[list], e)
	}
	slices.SortStableFunc(b.lists[list], func(x, y entry) int { return y.at.Compare(x.at) }) // the newest first
}

// Refuse answers so many requests with a status, and with Retry-After unless that
// is "".
func (b *Books) Refuse(times, status int, retryAfter string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range times {
		b.refused = append(b.refused, refusal{status, retryAfter})
	}
}

// Asked is how many requests came.
func (b *Books) Asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// EndToken makes PayPal's token count no more.
func (b *Books) EndToken() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token = ""
}

// read finds what a list is ordered by, wherever a provider has it.
func read(raw json.RawMessage) entry {
	var r struct {
		ID         string          `json:"id"`
		EventID    string          `json:"event_id"`
		Created    int64           `json:"created"`
		CreatedAt  time.Time       `json:"created_at"`
		CreateTime time.Time       `json:"create_time"`
		OccurredAt time.Time       `json:"occurred_at"`
		StartedAt  *time.Time      `json:"started_at"`
		Attributes json.RawMessage `json:"attributes"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		panic(fmt.Sprintf("providertest: a record that is no JSON: %v", err))
	}
	var a struct {
		CreatedAt time.Time `json:"created_at"`
	}
	_ = json.Unmarshal(r.Attributes, &a) // most have none
	e := entry{id: r.ID + r.EventID, raw: raw}
	for _, at := range []time.Time{r.CreatedAt, r.CreateTime, r.OccurredAt, a.CreatedAt} {
		if !at.IsZero() {
			e.at = at
		}
	}
	switch {
	case r.Created > 0:
		e.at = time.Unix(r.Created, 0)
	case r.StartedAt != nil:
		e.at = *r.StartedAt
	}
	return e
}

// ServeHTTP implements http.Handler.
func (b *Books) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if len(b.refused) > 0 {
		next := b.refused[0]
		b.refused = b.refused[1:]
		if next.retryAfter != "" {
			w.Header().Set("Retry-After", next.retryAfter)
		}
		http.Error(w, `{"error":"as the test wants it"}`, next.status)
		return
	}
	switch b.provider {
	case "stripe":
		b.stripe(w, r)
	case "paddle":
		b.paddle(w, r)
	case "paypal":
		b.paypal(w, r)
	case "polar":
		b.polar(w, r)
	case "lemonsqueezy":
		b.lemonSqueezy(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (b *Books) knows(r *http.Request) bool {
	given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return subtle.ConstantTimeCompare([]byte(given), []byte(b.Key)) == 1
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": why}})
}

// size reads a number of the query between 1 and most.
func size(r *http.Request, name string, usual, most int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= most
}

// page cuts a page, by its number from 1, and tells how many there are.
func page(all []entry, number, size int) (raw []json.RawMessage, pages int) {
	pages = max((len(all)+size-1)/size, 1)
	raw = []json.RawMessage{}
	for _, e := range all[min((number-1)*size, len(all)):min(number*size, len(all))] {
		raw = append(raw, e.raw)
	}
	return raw, pages
}
