package providertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stripe answers GET /v1/events: docs.stripe.com/api/events/list.
func (b *Books) stripe(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, ok := size(r, "limit", 10, 100)
	since, _ := strconv.ParseInt(query.Get("created[gte]"), 10, 64)
	types := query["types[]"]
	switch {
	case r.Method != http.MethodGet || r.URL.Path != "/v1/events":
		refuse(w, http.StatusNotFound, "Unrecognized request URL")
		return
	case !b.knows(r):
		refuse(w, http.StatusUnauthorized, "Invalid API Key provided")
		return
	case !ok, len(types) > 20:
		refuse(w, http.StatusBadRequest, "parameter_invalid_integer")
		return
	}
	oldest := b.now().Add(-30 * 24 * time.Hour)
	var found []entry
	for _, e := range b.lists["events"] {
		var event struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal(e.raw, &event)
		if e.at.Unix() >= since && !e.at.Before(oldest) && (len(types) == 0 || slices.Contains(types, event.Type)) {
			found = append(found, e)
		}
	}
	found, ok = after(found, query.Get("starting_after"))
	if !ok {
		refuse(w, http.StatusBadRequest, "No such event")
		return
	}
	data, pages := page(found, 1, limit)
	answer(w, map[string]any{"object": "list", "url": "/v1/events", "has_more": pages > 1, "data": data})
}

// after cuts off a list up to and with an id; false for an unknown one.
func after(all []entry, id string) ([]entry, bool) {
	if id == "" {
		return all, true
	}
	i := slices.IndexFunc(all, func(e entry) bool { return e.id == id })
	return all[i+1:], i >= 0
}

// paddle answers GET /events (developer.paddle.com/api-reference/events/list-events)
// and GET /customers/{id}.
func (b *Books) paddle(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, ok := size(r, "per_page", 50, 200)
	switch {
	case !b.knows(r):
		refuse(w, http.StatusForbidden, "authentication_malformed")
		return
	case strings.HasPrefix(r.URL.Path, "/customers/"):
		id := strings.TrimPrefix(r.URL.Path, "/customers/")
		i := slices.IndexFunc(b.lists["customers"], func(e entry) bool { return e.id == id })
		if i < 0 {
			refuse(w, http.StatusNotFound, "not_found")
			return
		}
		answer(w, map[string]any{"data": b.lists["customers"][i].raw})
		return
	case r.URL.Path != "/events":
		refuse(w, http.StatusNotFound, "not_found")
		return
	case !ok, query.Get("order_by") != "" && query.Get("order_by") != "id[DESC]":
		refuse(w, http.StatusBadRequest, "invalid_field")
		return
	}
	found, ok := after(b.lists["events"], query.Get("after"))
	if !ok {
		refuse(w, http.StatusBadRequest, "invalid cursor")
		return
	}
	data, pages := page(found, 1, limit)
	answer(w, map[string]any{"data": data, "meta": map[string]any{"pagination": map[string]any{"per_page": limit, "has_more": pages > 1}}})
}

// paypal answers the token's request and GET /v1/notifications/webhooks-events.
func (b *Books) paypal(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/oauth2/token" {
		b.paypalToken(w, r)
		return
	}
	query := r.URL.Query()
	limit, ok := size(r, "page_size", 10, 100)
	since, err := time.Parse("2006-01-02T15:04:05Z", query.Get("start_time"))
	switch {
	case b.token == "" || r.Header.Get("Authorization") != "Bearer "+b.token:
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	case r.URL.Path != "/v1/notifications/webhooks-events":
		refuse(w, http.StatusNotFound, "not found")
		return
	case !ok, err != nil, since.Before(b.now().Add(-30 * 24 * time.Hour)):
		refuse(w, http.StatusBadRequest, "VALIDATION_ERROR")
		return
	}
	found := slices.DeleteFunc(slices.Clone(b.lists["events"]), func(e entry) bool { return e.at.Before(since) })
	number, _ := strconv.Atoi(query.Get("page"))
	number = max(number, 1)
	events, pages := page(found, number, limit)
	links := []map[string]string{{"rel": "self", "href": "https://api-m.paypal.com" + r.URL.String()}}
	if number < pages {
		query.Set("page", strconv.Itoa(number+1))
		links = append(links, map[string]string{"rel": "next", "href": "https://api-m.paypal.com" + r.URL.Path + "?" + query.Encode()})
	}
	answer(w, map[string]any{"events": events, "count": len(events), "links": links})
}

func (b *Books) paypalToken(w http.ResponseWriter, r *http.Request) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(b.Key))
	if r.Method != http.MethodPost || r.Header.Get("Authorization") != want || r.FormValue("grant_type") != "client_credentials" {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	b.token = fmt.Sprintf("token-%d", b.asked)
	answer(w, map[string]any{"access_token": b.token, "token_type": "Bearer", "expires_in": 32400})
}

// polar answers GET /v1/{orders,subscriptions,refunds}/ and /v1/orders/{id}.
func (b *Books) polar(w http.ResponseWriter, r *http.Request) {
	if !b.knows(r) {
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	sortings := map[string][]string{
		"orders":        {"", "created_at", "-created_at"},
		"refunds":       {"", "created_at", "-created_at"},
		"subscriptions": {"", "started_at", "-started_at"},
	}
	list, id, slash := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	limit, ok := size(r, "limit", 10, 100)
	number, numbered := size(r, "page", 1, 1<<30)
	switch {
	case sortings[list] == nil:
		refuse(w, http.StatusNotFound, "ResourceNotFound")
	case !slash: // FastAPI redirects to the path with the slash
		http.Redirect(w, r, r.URL.Path+"/?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
	case id != "":
		i := slices.IndexFunc(b.lists[list], func(e entry) bool { return e.id == id })
		if i < 0 {
			refuse(w, http.StatusNotFound, "ResourceNotFound")
			return
		}
		answer(w, b.lists[list][i].raw)
	case !ok, !numbered, !slices.Contains(sortings[list], r.URL.Query().Get("sorting")):
		refuse(w, http.StatusUnprocessableEntity, "RequestValidationError")
	default:
		items, pages := page(b.lists[list], number, limit)
		answer(w, map[string]any{"items": items, "pagination": map[string]int{"total_count": len(b.lists[list]), "max_page": pages}})
	}
}

// lemonSqueezy answers GET /v1/{orders,subscriptions,subscription-invoices}.
func (b *Books) lemonSqueezy(w http.ResponseWriter, r *http.Request) {
	list := strings.TrimPrefix(r.URL.Path, "/v1/")
	limit, ok := size(r, "page[size]", 10, 100)
	number, numbered := size(r, "page[number]", 1, 1<<30)
	switch {
	case !b.knows(r):
		refuse(w, http.StatusUnauthorized, "Unauthenticated.")
	case r.Header.Get("Accept") != "application/vnd.api+json":
		refuse(w, http.StatusNotAcceptable, "Not Acceptable")
	case !slices.Contains([]string{"orders", "subscriptions", "subscription-invoices"}, list):
		refuse(w, http.StatusNotFound, "Not Found")
	case !ok || !numbered:
		refuse(w, http.StatusBadRequest, "Bad Request")
	default:
		data, pages := page(b.lists[list], number, limit)
		next := url.Values{"page[number]": {strconv.Itoa(number + 1)}, "page[size]": {strconv.Itoa(limit)}}
		links := map[string]string{}
		if number < pages {
			links["next"] = "https://api.lemonsqueezy.com/v1/" + list + "?" + next.Encode()
		}
		answer(w, map[string]any{
			"meta":  map[string]any{"page": map[string]int{"currentPage": number, "lastPage": pages, "perPage": limit}},
			"links": links, "data": data,
		})
	}
}
