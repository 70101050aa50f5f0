package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/server"
)

// distant gives the connections of a loopback listener another client's address.
type distant struct {
	net.Listener
	from string
}

func (d *distant) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &distantConn{Conn: conn, from: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(d.from))}, nil
}

type distantConn struct {
	net.Conn
	from net.Addr
}

func (c *distantConn) RemoteAddr() net.Addr { return c.from }

func startFor(t *testing.T, from string, o server.Options) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, &distant{ln, from}, o)
}

// client is one connection that is kept.
type client struct {
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

// alive asks /livez; closes is whether the server will end the connection.
func (c *client) alive() (closes bool, err error) {
	if _, err := fmt.Fprint(c, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return false, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.Close, errors.Join(err, res.Body.Close())
}

func TestOneClientCannotTakeAllConnections(t *testing.T) {
	t.Parallel()
	for from, limited := range map[string]bool{
		"203.0.113.7:1000": true, "[2001:db8::1]:1000": true, // strangers
		"198.51.100.9:1000": false, "127.0.0.1:1000": false, "[::1]:1000": false, // a proxy, and this machine
	} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			r := startFor(t, from, server.Options{
				MaxConnections: 100, MaxPerClient: 3, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
			})
			var kept []*client
			for range 3 {
				c := dial(t, r.addr)
				if closes, err := c.alive(); err != nil || closes {
					t.Fatalf("a connection within the share: closes %v, %v", closes, err)
				}
				kept = append(kept, c)
			}
			if _, err := dial(t, r.addr).alive(); (err != nil) != limited {
				t.Errorf("a connection more: %v, want it cut: %v", err, limited)
			}
			kept[0].Close()
			waitFor(t, func() bool { _, err := dial(t, r.addr).alive(); return err == nil })
		})
	}
}

func TestIdleConnectionsEndWhileRoomIsScarce(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{MaxConnections: 6})
	for i, want := range []bool{false, false, true, true, true, true, true, true, true} {
		if closes, err := dial(t, r.addr).alive(); err != nil || closes != want {
			t.Errorf("connection %d: closes %v, %v, want %v", i+1, closes, err, want)
		}
	}
}

// The library waits for up to 256 KiB that nobody asked for.
func TestABodyThatNobodyReadsHoldsNoConnection(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{Webhooks: ghosts(&inbox{}, 0), Vitals: &vitals{}})
	for target, want := range map[string]int{
		"POST /nothing": 404, "POST /livez": 405, "GET /health": 200, "GET /dashboard": 404,
		"POST /webhook/ghost/nobody": 404, "PUT /webhook/ghost/blog": 405, "POST /webhook/ghost/": 404, "POST /webhook/other/x": 404,
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			c := dial(t, r.addr)
			began := time.Now()
			fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\nhalf", target)
			res, err := http.ReadResponse(c.in, nil)
			if err != nil || res.StatusCode != want || !res.Close {
				t.Fatalf("answer %+v, %v; want %d, and the connection's end", res, err, want)
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Error(err)
			}
			_, _ = c.in.ReadByte() // returns when the server hangs up
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("the connection was held for %v", took)
			}
		})
	}
}

// failing is a listener that cannot accept for a while.
type failing struct {
	net.Listener
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left--; f.left >= 0 {
		return nil, &tooMany{}
	}
	return f.Listener.Accept()
}

type tooMany struct{}

func (*tooMany) Error() string   { return "too many open files" }
func (*tooMany) Timeout() bool   { return false }
func (*tooMany) Temporary() bool { return true }

func TestAListenerInTroubleIsToldOnceInAWhile(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := startOn(t, &failing{ln, 4}, server.Options{})
	if _, err := dial(t, r.addr).alive(); err != nil {
		t.Fatal(err)
	}
	if log := r.log.String(); countRecords(log, `"level":"WARN","msg":"http.library"`) != 1 || countRecords(log, "too many open files") != 1 {
		t.Errorf("want one warning of four:\n%s", log)
	}
}
