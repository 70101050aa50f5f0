package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	onlyThisList = "OnlyThisList"
	maxClients   = 10 // to look for the list's among
)

// client finds the client whose list it is.
func (s *session) client(ctx context.Context) (id string, found bool) {
	a, err := s.call(ctx, request{method: http.MethodGet, path: "/clients.json"})
	var clients []struct{ ClientID string }
	if err != nil || json.Unmarshal(a.body, &clients) != nil {
		return "", false
	}
	for _, c := range clients[:min(len(clients), maxClients)] {
		a, err := s.call(ctx, request{method: http.MethodGet, path: "/clients/" + url.PathEscape(c.ClientID) + "/lists.json"})
		var lists []struct{ ListID string }
		if err != nil || json.Unmarshal(a.body, &lists) != nil {
			continue
		}
		for _, l := range lists {
			if strings.EqualFold(l.ListID, s.ListID) {
				return c.ClientID, true
			}
		}
	}
	return "", false
}

// suppressed reads who was suppressed last.
func (s *session) suppressed(ctx context.Context, client string) (p pageView, err error) {
	a, err := s.call(ctx, request{
		method: http.MethodGet,
		path: "/clients/" + url.PathEscape(client) +
			"/suppressionlist.json?page=1&pagesize=1000&orderfield=date&orderdirection=desc",
	})
	if err != nil {
		return p, err
	}
	if a.status != http.StatusOK || json.Unmarshal(a.body, &p) != nil {
		return p, fmt.Errorf("the suppression list cannot be read (HTTP %d, code %d)", a.status, a.code)
	}
	return p, nil
}

func (p pageView) has(email string) bool {
	for _, sub := range p.Results {
		if strings.EqualFold(sub.EmailAddress, email) {
			return true
		}
	}
	return false
}
