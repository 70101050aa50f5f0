package webhook_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

func overLimit(o *webhook.GhostOptions) { o.Limiter = limiter{wait: 1200 * time.Millisecond} }

func TestOverTheLimitStrangersAreTurnedAway(t *testing.T) {
	t.Parallel()
	d := open(t, overLimit)
	for name, a := range map[string]attempt{
		"no signature":    {header: "-"},
		"another secret":  {header: ghost.Sign([]byte(plain), []byte("wrong"), now)},
		"replayed":        {header: ghost.Sign([]byte(plain), []byte(secret), now.Add(-time.Hour))},
		"an unknown site": {path: "/webhook/ghost/nobody"},
		"a bad site id":   {path: "/webhook/ghost/%20"},
		"too large":       {body: strings.Repeat("x", 1<<20+1)},
	} {
		got := d.knock(t, a)
		if got.status != 429 || got.code(t) != "rate_limited" || got.header.Get("Retry-After") != "2" {
			t.Errorf("%s: answer %d %s, Retry-After %q; want 429 rate_limited, 2",
				name, got.status, got.body, got.header.Get("Retry-After"))
		}
	}
}

func TestOverTheLimitGenuineRequestsAreTaken(t *testing.T) {
	t.Parallel()
	d := open(t, overLimit)
	for name, body := range map[string]string{
		"small": plain,
		"large": strings.Replace(plain, `"name"`, `"note":"`+strings.Repeat("n", 200<<10)+`","name"`, 1),
	} {
		if got := d.knock(t, attempt{body: body}); got.status != 202 {
			t.Errorf("%s: answer %d %s, want 202", name, got.status, got.body)
		}
	}
	// Signed by the site, so the sender may know what is wrong with it.
	if got := d.knock(t, attempt{body: "{"}); got.status != 400 || got.code(t) != "invalid_payload" {
		t.Errorf("a genuine request with a broken body: answer %d %s, want 400 invalid_payload", got.status, got.body)
	}
}

// stall opens a connection that announces a body of size and never sends its end.
func stall(t *testing.T, url string, size int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /webhook/ghost/blog HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n{", size)
	return conn
}

// A slow body is the cheapest thing a stranger can send.
func TestStallingStrangersDoNotKeepGenuineRequestsOut(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*webhook.GhostOptions){"within": nil, "over": overLimit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(o *webhook.GhostOptions) {
				o.BodyTimeout = time.Minute
				if change != nil {
					change(o)
				}
			})
			for range 100 {
				stall(t, d.url, 800)
				stall(t, d.url, 1<<20)
			}
			start := time.Now()
			if got := d.knock(t, attempt{}); got.status != 202 {
				t.Errorf("answer %d %s, want 202", got.status, got.body)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("taken after %v", took)
			}
		})
	}
}

// Whoever reads "Redis" would look in the wrong place.
func TestA503ForWantOfRoomSaysNothingOfRedis(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *webhook.GhostOptions) { o.BodyTimeout = 10 * time.Second })
	for range 48 {
		stall(t, d.url, 1<<20)
	}
	waitFor(t, func() bool {
		conn := stall(t, d.url, 1<<20) // takes a place, or is refused after a second
		if err := conn.SetReadDeadline(time.Now().Add(3 * time.Second)); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusServiceUnavailable || strings.Contains(string(body), "Redis") || !strings.Contains(string(body), `"unavailable"`) {
			t.Errorf("answer %d %s", res.StatusCode, body)
		}
		return true
	})
}

func TestASlowBodyIsCut(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 800, "large": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(o *webhook.GhostOptions) { o.BodyTimeout = 50 * time.Millisecond })
			conn := stall(t, d.url, size)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(body), "request_timeout") || !res.Close {
				t.Errorf("answer %d %s, closed %v; want 408 request_timeout, closed", res.StatusCode, body, res.Close)
			}
			waitFor(t, func() bool { return d.log.String() != "" })
			if strings.Contains(d.log.String(), "127.0.0.1") {
				t.Errorf("the log holds the client's address: %s", d.log)
			}
		})
	}
}

func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	conn := stall(t, d.url, 800)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || len(d.inbox.all()) != 0 {
		t.Errorf("answer %d, %d in the inbox; want 400, none", res.StatusCode, len(d.inbox.all()))
	}
}
