package limit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Consume takes events from the queue, one after another, and writes each with
// one call, for ever: it returns only when something is wrong.
func Consume(ctx context.Context, o Options) error {
	t, err := newTaker(o.Redis)
	if err != nil {
		return err
	}
	l := List{URL: o.List, Key: o.Key, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
	for {
		body, err := t.next()
		if err != nil {
			return err
		}
		var e Event
		if err := json.Unmarshal(body, &e); err != nil {
			return fmt.Errorf("an event of the queue: %w", err)
		}
		if err := l.Add(ctx, e.Member.Current); err != nil {
			return err
		}
	}
}

// List is a list of Campaign Monitor's, as bare as it can be.
type List struct {
	URL, Key string
	HTTP     *http.Client
}

type subscriber struct {
	EmailAddress, Name string
	CustomFields       []field
	Resubscribe        bool
	ConsentToTrack     string
}

type field struct{ Key, Value string }

// Add adds or changes a subscriber with one call, as the seed did.
func (l List) Add(ctx context.Context, m Member) error {
	body, err := json.Marshal(m.subscriber())
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL+".json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(l.Key, "x")
	answer, err := l.HTTP.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err == nil && answer.StatusCode != http.StatusCreated {
		err = errors.New("Campaign Monitor answers " + answer.Status)
	}
	return err
}

func (m Member) subscriber() subscriber {
	labels := make([]string, len(m.Labels))
	for i, l := range m.Labels {
		labels[i] = l.Name
	}
	date := func(at string) string { return strings.ReplaceAll(at[:min(10, len(at))], "-", "/") }
	return subscriber{EmailAddress: m.Email, Name: m.Name, ConsentToTrack: "Unchanged", CustomFields: []field{
		{"ghost_status", m.Status}, {"ghost_signup_date", date(m.CreatedAt)}, {"ghost_last_updated", date(m.UpdatedAt)},
		{"ghost_labels", strings.Join(labels, ",")}, {"ghost_email_enabled", strconv.FormatBool(m.Subscribed)},
	}}
}
