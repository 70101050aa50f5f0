package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Client asks a running Serve.
type Client struct{ Address string }

// URL is the base address of Campaign Monitor's API.
func (c Client) URL() string { return "http://" + c.Address + "/api/v3.3" }

// AddSites makes n lists; with members, there is also a Ghost that has so many.
func (c Client) AddSites(ctx context.Context, n, members int) (sites []Site, err error) {
	err = c.ask(ctx, http.MethodPost, fmt.Sprintf("sites?n=%d&members=%d", n, members), &sites)
	return sites, err
}

// Delay has each call to Campaign Monitor wait first.
func (c Client) Delay(ctx context.Context, d time.Duration) error {
	return c.ask(ctx, http.MethodPost, fmt.Sprintf("delay?ms=%d", d.Milliseconds()), nil)
}

// Mark begins a new count.
func (c Client) Mark(ctx context.Context) error { return c.ask(ctx, http.MethodPost, "mark", nil) }

var errMissing = errors.New("events are missing on the list")

// Wait waits until so many writes succeeded, and fails if they do not in time.
func (c Client) Wait(ctx context.Context, writes int, patience time.Duration) (s Summary, err error) {
	err = c.ask(ctx, http.MethodGet, fmt.Sprintf("wait?writes=%d&ms=%d", writes, patience.Milliseconds()), &s)
	if err == nil && s.Writes < writes {
		err = fmt.Errorf("%w: %d of %d were written within %v", errMissing, s.Writes, writes, patience)
	}
	return s, err
}

// Arrivals is when each address was first named by a call since the mark.
func (c Client) Arrivals(ctx context.Context) (at map[string]int64, err error) {
	err = c.ask(ctx, http.MethodGet, "arrivals", &at)
	return at, err
}

func (c Client) ask(ctx context.Context, method, what string, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.Address+"/bench/"+what, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("ask the simulators: %w", err)
	}
	defer answer.Body.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
