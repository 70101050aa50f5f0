package cmtest

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

const maxBody = 16 << 20

// call is a request on its way through a handler.
type call struct {
	op      string
	version string        // of the API, from the path: "v3.3"
	req     *http.Request // its path is what follows the version, without ".json"
	query   url.Values    // keys in lower case
	body    []byte
	emails  []string // the addresses it names
	entry   int      // its place in the record
}

// ServeHTTP answers one request: weather first (delay, outage, faults), then
// the key, then the limits, then the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		return
	}
	defer s.working.Done()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return
	}
	c, handler := s.route(r, body)
	s.enter(c)
	answer := s.work(c, handler)
	// The flight ends before the client can see the answer and write again.
	s.leave(c, answer.status, answer.code())
	switch {
	case answer.cut:
		reset(w)
	case answer.silent:
		s.hang(r.Context())
	default:
		answer.write(w)
	}
	s.deliver(w)
}

// work decides the fault, applies the request unless the fault comes before it,
// and returns what the client gets to see.
func (s *Server) work(c *call, handler handlerFunc) reply {
	delay, down, fault := s.weather()
	s.wait(c.req.Context(), delay)
	if down {
		return html(http.StatusServiceUnavailable)
	}
	var honest reply
	if fault == 0 || fault.applies() {
		honest = s.apply(c, handler)
	}
	return spoil(fault, honest)
}

// spoil turns an honest reply into what the fault leaves of it.
func spoil(fault Fault, honest reply) reply {
	switch fault {
	case Internal:
		return refuse(http.StatusInternalServerError, 500, "Sorry, we've run into a problem.")
	case BadGateway, BadGatewayAfter:
		return html(http.StatusBadGateway)
	case Reset, ResetAfter:
		return reply{cut: true}
	case Hang, HangAfter:
		return reply{silent: true}
	}
	return honest
}

func (s *Server) weather() (d time.Duration, down bool, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.nextFaults) > 0:
		fault, s.nextFaults = s.nextFaults[0], s.nextFaults[1:]
	case s.faults.Probability > 0 && s.random.Float64() < s.faults.Probability:
		fault = s.faults.Kinds[s.random.IntN(len(s.faults.Kinds))]
	}
	return s.delay, s.down, fault
}

// apply checks the key and the limits and runs the handler. The key is checked
// before the path is looked at, except for an API version that does not exist.
func (s *Server) apply(c *call, handler handlerFunc) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drainQueue()
	if !strings.HasPrefix(c.version, "v3") {
		return notFound()
	}
	// Any password will do; a missing header and a wrong key get the same answer.
	if key, _, ok := c.req.BasicAuth(); !ok || key != s.opts.Key {
		return refuse(http.StatusUnauthorized, 100, "Invalid API Key")
	}
	if limited, yes := s.accountLimit(); yes {
		return limited
	}
	if c.version != "v3.3" || handler == nil {
		return notFound()
	}
	if !utf8.Valid(c.body) {
		s.violate(c.op, "invalid-utf8", "")
	}
	return handler(c)
}

// touched lists the addresses that a write concerns, the old and the new one.
func touched(query url.Values, body []byte) []string {
	var b struct {
		EmailAddress str
		Subscribers  []struct{ EmailAddress str }
	}
	_ = json.Unmarshal(body, &b) // what cannot be read touches nobody; the handler refuses it
	emails := query["email"]
	if b.EmailAddress != "" {
		emails = append(emails, string(b.EmailAddress))
	}
	for _, sub := range b.Subscribers {
		emails = append(emails, string(sub.EmailAddress))
	}
	return emails
}

// reset cuts the connection so that the client sees a reset, not an end.
func reset(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
