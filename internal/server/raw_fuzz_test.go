package server_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ghostcm/ghostcm/internal/server"
)

// FuzzRawRequests sends any bytes to a server: whatever it makes of them, it takes
// nothing as a webhook, redirects nobody, never says 410, and does not panic.
func FuzzRawRequests(f *testing.F) {
	for _, s := range []string{
		"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /webhook/ghost/blog HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /webhook/ghost/blog HTTP/1.1\r\nHost: x\r\nX-Ghost-Signature: sha256=00, t=1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		"POST http://x/webhook/ghost/%2e%2e HTTP/1.0\r\nContent-Length: 9\r\n\r\n{}",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", "\x16\x03\x01\x00",
	} {
		f.Add([]byte(s))
	}
	in := &inbox{}
	address, log := listening(f, server.Options{Webhooks: ghosts(in, 0), Vitals: &vitals{}})
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn, err := net.DialUnix("unix", nil, address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var answered sync.WaitGroup
		answered.Go(func() { readAnswers(t, conn) })
		_, _ = conn.Write(sent) // the server may have hung up by now
		_ = conn.CloseWrite()
		answered.Wait()
		in.mu.Lock()
		defer in.mu.Unlock()
		if in.n != 0 {
			t.Fatal("what nobody signed is in the inbox")
		}
		if text := log.String(); len(text) > 4096 {
			t.Fatalf("the log: %.1000s", text)
		}
	})
}

// listening serves on a socket of its own until the target ends.
func listening(f *testing.F, o server.Options) (*net.UnixAddr, *buffer) {
	f.Helper()
	address := &net.UnixAddr{Name: filepath.Join(f.TempDir(), "s"), Net: "unix"}
	ln, err := net.ListenUnix("unix", address)
	if err != nil {
		f.Fatal(err)
	}
	log := &buffer{}
	o.Log = slog.New(slog.NewJSONHandler(log, nil))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = server.New(o).Serve(ctx, ln) })
	f.Cleanup(func() { stop(); running.Wait() })
	return address, log
}

// readAnswers looks at all that the server says before it hangs up.
func readAnswers(t *testing.T, conn net.Conn) {
	t.Helper()
	in := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if s := res.StatusCode; s == 202 || s == 410 || s >= 300 && s < 400 || res.Header.Get("Location") != "" {
			t.Errorf("answer %d", s)
		}
	}
}
