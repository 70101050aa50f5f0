package fleet_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

// stream is webhooks of new members, at a steady rate and with a connection each, as
// Ghost makes them.
type stream struct {
	town   *town
	site   *site
	client http.Client
	to     func(attempt int) *node // whom to ask; nil: nobody is left
	number atomic.Int64

	sent, taken atomic.Int64
	still       sync.RWMutex // held for a moment without any webhook under way
	mu          sync.Mutex
	slowest     time.Duration
	failures    []string
}

func (town *town) newStream(s *site, to func(attempt int) *node) *stream {
	return &stream{town: town, site: s, to: to, client: http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second, // a busy machine is slow, and no Ghost
	}}
}

// Run sends until stop is closed, and returns when all are answered.
func (s *stream) Run(rate int, stop <-chan struct{}) {
	var sending sync.WaitGroup
	defer sending.Wait()
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			sending.Go(s.send)
		}
	}
}

func (s *stream) send() {
	s.still.RLock()
	defer s.still.RUnlock()
	n := s.number.Add(1)
	body := fmt.Appendf(nil, `{"member":{"current":{"id":"%024x","email":"stream.%d@example.org","status":"free"},"previous":{}}}`, n, n)
	began := time.Now()
	err := s.bring(body)
	took := time.Since(began)
	s.sent.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowest = max(s.slowest, took)
	if err != nil {
		s.failures = append(s.failures, fmt.Sprintf("webhook %d at %v: %v", n, began, err))
		return
	}
	s.taken.Add(1)
}

// bring asks one after the other, as long as nobody listens.
func (s *stream) bring(body []byte) (err error) {
	for attempt := 0; ; attempt++ {
		n := s.to(attempt)
		if n == nil {
			return err
		}
		if err = s.ask(n, body); err == nil || !refused(err) {
			return err
		}
	}
}

func (s *stream) ask(n *node, body []byte) error {
	url := "http://127.0.0.1:" + n.port + "/webhook/ghost/" + s.site.name + "?event=member.added"
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(ghost.SignatureHeader, ghost.Sign(body, []byte(webhookSecret), time.Now()))
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return nil
}

// allTaken fails the test unless every webhook was answered with 202.
func (s *stream) allTaken() {
	s.town.t.Helper()
	s.town.complain("not taken", s.failures)
	s.town.t.Logf("%d webhooks, %d taken, the slowest answer after %v", s.sent.Load(), s.taken.Load(), s.slowest.Round(time.Millisecond))
}

// listening is the socket of a .socket unit.
func listening(t *testing.T) (socket *os.File, port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	socket, err = ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	_, port, err = net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return socket, port
}

// Each new process accepts from the socket that systemd keeps, while the one before
// drains.
func TestARollingRestartUnderLoadAnswersEveryWebhook(t *testing.T) {
	t.Parallel()
	town := newTown(t, options{seed: 1, catchUp: "0", dir: newDir(t, 1)})
	socket, port := listening(t)
	for _, n := range town.serves {
		n.socket, n.port = socket, port
		n.env = append(n.env, "HOST=192.0.2.1") // the socket is used instead
	}
	old := town.serves[0]
	if err := old.Start(); err != nil {
		t.Fatal(err)
	}
	town.eventually("ready", time.Minute, old.Ready)
	s := town.newStream(town.sites[1], func(attempt int) *node { return map[int]*node{0: old}[attempt] })
	stop := make(chan struct{})
	var streaming sync.WaitGroup
	streaming.Go(func() { s.Run(200, stop) })
	for i := range 4 {
		enough := s.taken.Load() + 200
		town.eventually("webhooks come in", time.Minute, func() string { return atLeast(&s.taken, enough) })
		next := town.serves[(i+1)%len(town.serves)]
		if err := next.Start(); err != nil {
			t.Fatal(err)
		}
		if err := town.serves[i%len(town.serves)].Stop(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	streaming.Wait()
	s.allTaken()
	for _, n := range town.serves { // each has its own spool, in which what Redis took too long for still waits
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
	}
	town.eventually("all are in the inbox", time.Minute, func() string { return town.waiting(s.taken.Load()) })
}

func (town *town) waiting(members int64) string {
	backlog, err := town.program.Store.Backlog(town.t.Context())
	if err != nil || int64(backlog.Members) != members {
		return fmt.Sprintf("%d members wait, not %d, %v", backlog.Members, members, err)
	}
	return ""
}

func atLeast(n *atomic.Int64, enough int64) string {
	if got := n.Load(); got < enough {
		return fmt.Sprintf("%d of %d", got, enough)
	}
	return ""
}
