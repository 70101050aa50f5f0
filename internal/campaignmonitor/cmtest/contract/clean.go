package contract

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// cleanUp deletes the subscribers, fields and webhooks that runs made, and says what
// is left. A deleted subscriber stays readable as such; nothing can change that.
func (s *session) cleanUp(ctx context.Context) (left string) {
	s.cleaning = true
	var problems []string
	say := func(n int, what string) {
		if n > 0 {
			problems = append(problems, strconv.Itoa(n)+" "+what)
		}
	}
	say(s.removeFields(ctx), "custom fields")
	say(s.removeWebhooks(ctx), "webhooks")
	say(s.removeSubscribers(ctx), "made-up subscribers")
	say(s.unsuppress(ctx), "made-up addresses on the suppression list")
	return strings.Join(problems, ", ")
}

func (s *session) removeFields(ctx context.Context) (left int) {
	for _, key := range s.fields {
		path := s.fill("/lists/{list}/customfields/", nil) + url.PathEscape(key) + ".json"
		if a, err := s.call(ctx, request{method: http.MethodDelete, path: path}); err != nil || a.status != http.StatusOK {
			left++
		}
	}
	return left
}

// hookURL is where webhooks would go that the API should have refused.
const hookURL = "https://ghostcm-contract.example.org/"

func (s *session) removeWebhooks(ctx context.Context) (left int) {
	a, err := s.call(ctx, request{method: http.MethodGet, path: s.fill("/lists/{list}/webhooks.json", nil)})
	var hooks []struct{ WebhookID, URL string }
	if err != nil || json.Unmarshal(a.body, &hooks) != nil {
		return 0 // none was to be made
	}
	for _, h := range hooks {
		if !strings.HasPrefix(h.URL, hookURL) {
			continue
		}
		path := s.fill("/lists/{list}/webhooks/", nil) + url.PathEscape(h.WebhookID) + ".json"
		if a, err := s.call(ctx, request{method: http.MethodDelete, path: path}); err != nil || a.status != http.StatusOK {
			left++
		}
	}
	return left
}

// removeSubscribers deletes who is on the list. Only from Active does a delete surely
// change the state: who opted out comes back first.
func (s *session) removeSubscribers(ctx context.Context) (left int) {
	var there []string
	for _, state := range states[:len(states)-1] {
		p, err := s.page(ctx, state)
		if err != nil {
			return s.addresses
		}
		for _, sub := range p.Results {
			there = append(there, sub.EmailAddress)
		}
		if state == "unsubscribed" && len(p.Results) > 0 {
			s.bringBack(ctx, p.Results)
		}
	}
	for _, email := range there {
		a, err := s.call(ctx, request{
			method: http.MethodDelete, path: s.fill("/subscribers/{list}.json?email=", nil) + url.QueryEscape(email),
		})
		if err != nil || a.status != http.StatusOK {
			left++
		}
	}
	return left
}

func (s *session) bringBack(ctx context.Context, all []subscriberView) {
	var b strings.Builder
	for i, sub := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"EmailAddress":` + strconv.Quote(sub.EmailAddress) + `,"ConsentToTrack":"Unchanged"}`)
	}
	// Whether it worked shows in what the delete leaves.
	_, _ = s.call(ctx, request{
		method: http.MethodPost, path: s.fill("/subscribers/{list}/import.json", nil),
		body: `{"Subscribers":[` + b.String() + `],"Resubscribe":true}`,
	})
}

// unsuppress takes addresses of ours off the client's suppression list, where an
// unsubscribe put them if the list's setting reaches so far.
func (s *session) unsuppress(ctx context.Context) (left int) {
	if s.list.UnsubscribeSetting == onlyThisList {
		return 0
	}
	client, found := s.client(ctx)
	if !found {
		return 0
	}
	p, err := s.suppressed(ctx, client)
	if err != nil {
		return 0
	}
	for _, sub := range p.Results {
		if !strings.HasPrefix(strings.ToLower(sub.EmailAddress), madeUp) {
			continue
		}
		path := "/clients/" + url.PathEscape(client) + "/unsuppress.json?email=" + url.QueryEscape(sub.EmailAddress)
		if a, err := s.call(ctx, request{method: http.MethodPut, path: path}); err != nil || a.status != http.StatusOK {
			left++
		}
	}
	return left
}
