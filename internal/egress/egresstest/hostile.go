// Package egresstest has servers that misbehave on the wire, below what net/http lets
// a handler do. It is for the tests of whoever asks other machines something. It
// promises that each of them sends as long as it is let, and that how much it could
// send, and whether anybody came to where it leads, can be asked. It leaves what has
// to become of the questions to those tests.
package egresstest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Hostile is a server that answers every request in one bad way.
type Hostile struct {
	Name string
	URL  string
	// Stalls is whether it lets a client wait for ever; the others send as fast as
	// they can, or hang up.
	Stalls bool

	sent, open atomic.Int64
}

// Sent is how many bytes it could send, to all who asked.
func (h *Hostile) Sent() int64 { return h.sent.Load() }

// HungUp waits until nobody holds a connection any more.
func (h *Hostile) HungUp() {
	for h.open.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// Trap is a server that nobody may be led to.
type Trap struct {
	URL  string
	came atomic.Int64
}

// Came is how many requests came.
func (t *Trap) Came() int64 { return t.came.Load() }

// answer sends to conn until it has said all, or the other side hangs up.
type answer func(conn net.Conn)

// All starts one server of each kind, and the trap that some of them redirect to.
// They end with the test.
func All(t testing.TB) ([]*Hostile, *Trap) {
	t.Helper()
	trap := &Trap{}
	trap.URL = listen(t, func(conn net.Conn) {
		trap.came.Add(1)
		say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	}, nil)
	var all []*Hostile
	for name, a := range endings(trap.URL) {
		all = append(all, start(t, name, a, false))
	}
	for name, a := range floods() {
		all = append(all, start(t, name, a, false))
	}
	for name, a := range stalls() {
		all = append(all, start(t, name, a, true))
	}
	return all, trap
}

func start(t testing.TB, name string, a answer, stalls bool) *Hostile {
	t.Helper()
	h := &Hostile{Name: name, Stalls: stalls}
	h.URL = listen(t, a, h)
	return h
}

// endings are answers that come to an end, and are none.
func endings(trap string) map[string]answer {
	words := map[string]string{
		"a redirect to a metadata service":     empty("302 Found", "Location: http://169.254.169.254/latest/meta-data/"),
		"a redirect elsewhere":                 empty("307 Temporary Redirect", "Location: "+trap+"/"),
		"a permanent redirect elsewhere":       empty("301 Moved Permanently", "Location: "+trap+"/"),
		"a wait until the year 9999":           empty("429 Too Many", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", longAgo),
		"a wait of no number":                  empty("503 No", "Retry-After: NaN", "Date: never"),
		"half a body":                          "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"members\":[",
		"half a chunk":                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
		"half a head":                          "HTTP/1.1 200 OK\r\nContent-Le",
		"nothing":                              "",
		"no HTTP":                              "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"an answer of HTTP/1.0 without an end": "HTTP/1.0 200 OK\r\n\r\n{\"x\":",
		"another character set":                utf16,
		"compression that is none":             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
		"two lengths":                          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 7\r\n\r\n{}",
	}
	all := map[string]answer{}
	for name, text := range words {
		all[name] = func(conn net.Conn) { say(conn, text) }
	}
	return all
}

// empty is an answer without a body.
func empty(status string, lines ...string) string {
	return "HTTP/1.1 " + status + "\r\n" + strings.Join(lines, "\r\n") + "\r\nContent-Length: 0\r\n\r\n"
}

const longAgo = "Date: Thu, 01 Jan 1970 00:00:00 GMT"

const utf16 = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-16\r\nContent-Length: 6\r\n\r\n\xff\xfe{\x00}\x00"

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

// floods go on for as long as anybody reads.
func floods() map[string]answer {
	return map[string]answer{
		"a head without end":              flood("HTTP/1.1 200 OK\r\n", "X-A: "+strings.Repeat("a", 4000)+"\r\n"),
		"a status without end":            flood("HTTP/1.1 200 ", strings.Repeat("a", 4096)),
		"hints without end":               flood("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
		"spaces without end":              flood("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat(" ", 4096)),
		"a name without end":              flood("HTTP/1.1 200 OK\r\n\r\n{\"members\":[{\"name\":\"", strings.Repeat("x", 4096)),
		"a refusal without end":           flood("HTTP/1.1 500 No\r\n\r\n", strings.Repeat("x", 4096)),
		"chunks without end":              flood(chunked, "400\r\n"+strings.Repeat(" ", 1024)+"\r\n"),
		"extensions of chunks":            flood(chunked+"1;", strings.Repeat("x", 4096)),
		"a little that unfolds into much": flood("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"+zeros(), ""),
	}
}

// stalls never end, and send nothing or next to it.
func stalls() map[string]answer {
	return map[string]answer{
		"silence": func(conn net.Conn) { wait(conn) },
		"silence behind a head": func(conn net.Conn) {
			say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{")
			wait(conn)
		},
		"a head, byte by byte":    func(conn net.Conn) { trickle(conn, "HTTP/1.1 200 OK\r\nX-A: ") },
		"a body, byte by byte":    func(conn net.Conn) { trickle(conn, "HTTP/1.1 200 OK\r\n\r\n{\"x\":\"") },
		"silence after a refusal": func(conn net.Conn) { say(conn, "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n"); wait(conn) },
		"silence where it unfolds": func(conn net.Conn) {
			say(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08")
			wait(conn)
		},
	}
}

// zeros are 64 MiB of spaces in less than one.
func zeros() string {
	var small bytes.Buffer
	z, _ := gzip.NewWriterLevel(&small, gzip.BestSpeed) // fails only for another level
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 64 {
		_, _ = z.Write(block) // into memory
	}
	_ = z.Close()
	return small.String()
}

func say(conn net.Conn, text string) { _, _ = conn.Write([]byte(text)) } // whoever hangs up need not hear it

func flood(begin, piece string) answer {
	return func(conn net.Conn) {
		say(conn, begin)
		block := []byte(strings.Repeat(piece, max(1, (64<<10)/max(1, len(piece)))))
		for len(block) > 0 {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	}
}

// trickle says one byte after the other, and then goes on with the same.
func trickle(conn net.Conn, text string) {
	for i := 0; ; i++ {
		if _, err := conn.Write([]byte{text[min(i, len(text)-1)]}); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// wait is for the other side to hang up.
func wait(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }

// counted tells a server how much it could send.
type counted struct {
	net.Conn
	to *Hostile
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.to.sent.Add(int64(n))
	return n, err
}

// listen answers the first request of each connection, and hangs up.
func listen(t testing.TB, a answer, h *Hostile) (url string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() { _ = ln.Close(); running.Wait() })
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if h != nil {
				h.open.Add(1)
			}
			running.Go(func() { serve(conn, a, h) })
		}
	})
	return fmt.Sprintf("http://%s", ln.Addr())
}

func serve(conn net.Conn, a answer, h *Hostile) {
	defer func() { _ = conn.Close() }()
	if h != nil {
		defer h.open.Add(-1)
		conn = counted{conn, h}
	}
	if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
		_ = r.Body.Close()
		a(conn)
	}
}
