package ghosttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

// hookTimeout is how long Ghost waits for an answer. It tries once.
const hookTimeout = 2 * time.Second

// Delivery is one webhook as Ghost sends it, signed. It may be sent later,
// twice, or out of order, by Send.
type Delivery struct {
	Event  string // member.added, member.edited or member.deleted
	URL    string
	Body   []byte
	Header http.Header
}

// Sent is a delivery with what became of it.
type Sent struct {
	Delivery
	Status int   // of the answer, 0 if there was none
	Err    error // why there was none
}

type hooks struct {
	target func(event string) string
	secret string
	held   bool
	queue  []Delivery // made while held
	sent   []Sent
	gone   map[string]bool // events whose webhook answered 410: Ghost deletes it
}

// Webhooks registers a webhook for each event for which target returns a URL.
// An empty secret signs nothing, as in Ghost.
func (s *Server) Webhooks(target func(event string) string, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.target, s.hooks.secret, s.hooks.gone = target, secret, map[string]bool{}
}

// HoldWebhooks makes Ghost keep its webhooks from now on instead of sending
// them. TakeWebhooks returns them, for the caller to send in its own order.
func (s *Server) HoldWebhooks(held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.held = held
}

// TakeWebhooks returns the webhooks that were held, and forgets them.
func (s *Server) TakeWebhooks() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.hooks.queue
	s.hooks.queue = nil
	return taken
}

// Sent returns what Ghost sent and what was answered, in the order of answers.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hooks.sent)
}

// Flush waits until no webhook is on its way.
func (s *Server) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.sending > 0 {
		s.idle.Wait()
	}
}

// LateEdit makes the webhook that MariaDB was seen to send when an edit races a
// delete: a member.edited of a member that is already gone, which looks alive,
// but has no labels, newsletters and tiers left.
func (s *Server) LateEdit(id string) (Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.site.gone[id]
	if !ok {
		return Delivery{}, ErrNoMember
	}
	before := object{{"name", "before"}, {"updated_at", iso(m.UpdatedAt)}}
	m.Labels, m.Newsletters, m.Tiers, m.UpdatedAt = nil, nil, nil, s.now()
	return s.delivery("member.edited", s.render(m, current), before), nil
}

// Send delivers a webhook once, with Ghost's timeout, and returns the answer's
// status. It may be called again with the same delivery.
func (s *Server) Send(ctx context.Context, d Delivery) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, fmt.Errorf("send webhook: %w", err)
	}
	req.Header = d.Header.Clone()
	resp, err := s.opts.HTTP.Do(req)
	if err != nil {
		return 0, fmt.Errorf("send webhook: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return resp.StatusCode, fmt.Errorf("send webhook: %w", err)
	}
	return resp.StatusCode, nil
}

// Resign signs a delivery again, as if it were sent at another time.
func (s *Server) Resign(d Delivery, at time.Time) Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.Header = d.Header.Clone()
	if s.hooks.secret != "" {
		d.Header.Set(ghost.SignatureHeader, s.sign(d.Body, at))
	}
	return d
}

// fire sends what a change caused, unless nobody registered for it. Callers do
// not hold the lock.
func (s *Server) fire(d *Delivery) {
	if d == nil || !s.leaves(*d) {
		return
	}
	send := func() {
		status, err := s.Send(context.Background(), *d)
		s.answered(Sent{Delivery: *d, Status: status, Err: err})
	}
	if s.opts.Sync {
		send()
		return
	}
	go send()
}

// leaves says whether a webhook is sent now, and counts it if so.
func (s *Server) leaves(d Delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.URL == "" || s.hooks.gone[d.Event] {
		return false
	}
	if s.hooks.held {
		s.hooks.queue = append(s.hooks.queue, d)
		return false
	}
	s.sending++
	return true
}

func (s *Server) answered(sent Sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.sent = append(s.hooks.sent, sent)
	if s.sending--; s.sending == 0 {
		s.idle.Broadcast()
	}
	if sent.Status == http.StatusGone {
		s.hooks.gone[sent.Event] = true
	}
}

// delivery builds and signs one webhook. Callers hold the lock.
func (s *Server) delivery(event string, now, before object) Delivery {
	body := object{}.with(!s.opts.OldGhost, "event", event)
	body = append(body, pair{"member", object{{"current", now}, {"previous", before}}})
	d := Delivery{Event: event, Body: encode(body), Header: http.Header{
		"User-Agent":      {"Ghost/" + s.opts.Version + " (https://github.com/TryGhost/Ghost)"},
		"Content-Type":    {"application/json"},
		"Content-Version": {"v" + s.opts.Version},
		"Accept-Encoding": {"gzip, deflate, br, zstd"},
	}}
	if s.hooks.target != nil {
		d.URL = s.hooks.target(event)
	}
	if s.hooks.secret != "" {
		d.Header.Set(ghost.SignatureHeader, s.sign(d.Body, s.opts.Now()))
	}
	d.Header.Set("Content-Length", strconv.Itoa(len(d.Body)))
	return d
}

func (s *Server) sign(body []byte, at time.Time) string {
	if s.opts.LegacySignature {
		return ghost.SignLegacy(body, []byte(s.hooks.secret), at)
	}
	return ghost.Sign(body, []byte(s.hooks.secret), at)
}
