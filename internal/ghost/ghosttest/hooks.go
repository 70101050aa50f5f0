package ghosttest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

// hookTimeout is how long Ghost waits for an answer, if Options say nothing else. It
// tries once.
const hookTimeout = 2 * time.Second

// Delivery is one webhook as Ghost sends it, signed. It may be sent later,
// twice, or out of order, by Send.
type Delivery struct {
	Event  string // member.added, member.edited or member.deleted
	URL    string
	Body   []byte
	Header http.Header

	webhook string // id of the registered one, "" for the one of Webhooks
	secret  string
}

// Sent is a delivery with what became of it.
type Sent struct {
	Delivery
	Status int   // of the answer, 0 if there was none
	Err    error // why there was none
}

type hooks struct {
	target     func(event string) string
	secret     string
	registered []*webhook // by the API, the oldest first
	held       bool
	queue      []Delivery // made while held
	sent       []Sent
	gone       map[string]bool // events whose webhook of Webhooks answered 410
}

// Webhooks registers a webhook for each event for which target returns a URL,
// as staff do, beside those that the API registers. An empty secret signs
// nothing, as in Ghost. A webhook that answers 410 is deleted, as in Ghost.
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
	now := s.render(m, current)
	if late := s.deliveries("member.edited", now, before); len(late) > 0 {
		return late[0], nil
	}
	return s.delivery(Delivery{Event: "member.edited", Body: s.hookBody("member.edited", now, before)}), nil
}

// Send delivers a webhook once, with Ghost's timeout, and returns the answer's
// status. It may be called again with the same delivery.
func (s *Server) Send(ctx context.Context, d Delivery) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.opts.Patience, hookTimeout))
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
	s.sign(d, at)
	return d
}

// fire sends what a change caused, unless nobody registered for it. Several
// webhooks of one event go one after another, so that one which hangs delays
// the next. Callers do not hold the lock.
func (s *Server) fire(all []Delivery) {
	leaving := s.leaving(all)
	send := func() {
		for _, d := range leaving {
			status, err := s.Send(context.Background(), d)
			s.answered(Sent{Delivery: d, Status: status, Err: err})
		}
	}
	if s.opts.Sync {
		send()
		return
	}
	if len(leaving) > 0 {
		go send()
	}
}

// leaving returns the webhooks that are sent now, and counts them.
func (s *Server) leaving(all []Delivery) []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks.held {
		s.hooks.queue = append(s.hooks.queue, all...)
		return nil
	}
	s.sending += len(all)
	return all
}

func (s *Server) answered(sent Sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.sent = append(s.hooks.sent, sent)
	if s.sending--; s.sending == 0 {
		s.idle.Broadcast()
	}
	gone := sent.Status == http.StatusGone
	if sent.webhook == "" {
		s.hooks.gone[sent.Event] = s.hooks.gone[sent.Event] || gone
		return
	}
	s.hooks.registered = slices.DeleteFunc(s.hooks.registered, func(h *webhook) bool {
		if h.id == sent.webhook {
			h.note(sent, s.now())
		}
		return gone && h.id == sent.webhook
	})
}

// note keeps what became of a delivery. Ghost leaves the status of the last
// answer where there was none this time.
func (h *webhook) note(sent Sent, now time.Time) {
	h.triggered, h.failure = now, ""
	if sent.Err != nil {
		h.failure = "ECONNREFUSED"
		return
	}
	h.status = sent.Status
}

// deliveries builds and signs one event for all who registered for it. Callers
// hold the lock.
func (s *Server) deliveries(event string, now, before object) []Delivery {
	body := s.hookBody(event, now, before)
	var all []Delivery
	if url := s.staffTarget(event); url != "" {
		all = append(all, s.delivery(Delivery{Event: event, URL: url, Body: body, secret: s.hooks.secret}))
	}
	for _, h := range s.hooks.registered {
		if h.event == event {
			all = append(all, s.delivery(Delivery{
				Event: event, URL: h.target, Body: body, webhook: h.id, secret: orEmpty(h.secret),
			}))
		}
	}
	return all
}

// staffTarget is where the webhook of Webhooks goes, "" if there is none.
func (s *Server) staffTarget(event string) string {
	if s.hooks.target == nil || s.hooks.gone[event] {
		return ""
	}
	return s.hooks.target(event)
}

func (s *Server) hookBody(event string, now, before object) []byte {
	o := object{}.with(!s.opts.OldGhost, "event", event)
	return encode(append(o, pair{"member", object{{"current", now}, {"previous", before}}}))
}

// delivery completes a delivery with what Ghost puts into its header.
func (s *Server) delivery(d Delivery) Delivery {
	d.Header = http.Header{
		"User-Agent":      {"Ghost/" + s.opts.Version + " (https://github.com/TryGhost/Ghost)"},
		"Content-Type":    {"application/json"},
		"Content-Version": {"v" + s.opts.Version},
		"Accept-Encoding": {"gzip, deflate, br, zstd"},
		"Content-Length":  {strconv.Itoa(len(d.Body))},
	}
	s.sign(d, s.opts.Now())
	return d
}

// sign signs a delivery, unless its webhook has no secret.
func (s *Server) sign(d Delivery, at time.Time) {
	switch {
	case d.secret == "":
	case s.opts.LegacySignature:
		d.Header.Set(ghost.SignatureHeader, ghost.SignLegacy(d.Body, []byte(d.secret), at))
	default:
		d.Header.Set(ghost.SignatureHeader, ghost.Sign(d.Body, []byte(d.secret), at))
	}
}
