package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/server"
)

// conversation sends bytes as they stand and returns the status of each answer, until
// the server hangs up or says no more.
func conversation(t *testing.T, addr, sent string) (statuses []int) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(conn, sent); _ = conn.(*net.TCPConn).CloseWrite() }()
	for in := bufio.NewReader(conn); ; {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return statuses
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		statuses = append(statuses, res.StatusCode)
	}
}

// Two programs that read one request as two different ones let a stranger speak in
// another's name. What has two readings is refused, or read as the standard says.
func TestWhatHasTwoReadingsHasOneHere(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	r := start(t, server.Options{Webhooks: ghosts(in, 0), Vitals: &vitals{}})
	const post, next = "POST /webhook/ghost/blog HTTP/1.1\r\nHost: x\r\n", "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, c := range map[string]struct {
		sent string
		want []int
	}{
		"a length and chunks":           {post + "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, []int{401, 200}},
		"two lengths":                   {post + "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + next, []int{400}},
		"a signed length":               {post + "Content-Length: +2\r\n\r\n{}" + next, []int{400}},
		"a length in hex":               {post + "Content-Length: 0x2\r\n\r\n{}" + next, []int{400}},
		"another encoding":              {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + next, []int{501}},
		"an encoding with a tab":        {post + "Transfer-Encoding:\tchunked \r\n\r\n0\r\n\r\n" + next, []int{401, 200}},
		"two encodings":                 {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + next, []int{400, 501}},
		"a space before the colon":      {post + "Content-Length : 2\r\n\r\n{}" + next, []int{400}},
		"a folded line":                 {post + "X-A: 1\r\n Content-Length: 2\r\n\r\n" + next, []int{401, 200}},
		"a bare return in a value":      {post + "X-A: 1\rContent-Length: 2\r\n\r\n{}" + next, []int{400}},
		"a chunk of a signed length":    {post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n" + next, []int{400}},
		"no host":                       {"GET /livez HTTP/1.1\r\n\r\n", []int{400}},
		"two hosts":                     {"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", []int{400}},
		"a tunnel":                      {"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n", []int{404, 405}},
		"another server's address":      {"GET http://169.254.169.254/latest/ HTTP/1.1\r\nHost: x\r\n\r\n", []int{404}},
		"HTTP/2 by its preface":         {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{404, 405, 505, 400}},
		"an upgrade":                    {"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n", []int{200}},
		"a method of nobody":            {"TRACE /livez HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer hunter2\r\n\r\n", []int{405}},
		"a head beyond all bounds":      {"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", []int{431}},
		"many heads beyond all bounds":  {"GET /livez HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-A: a\r\n", 8<<10) + "\r\n", []int{431}},
		"an address beyond all bounds":  {"GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", []int{431}},
		"fifty requests in one breath":  {strings.Repeat(next, 50), slices.Repeat([]int{200}, 50)},
		"a body where none is expected": {"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /" + next, []int{200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := conversation(t, r.addr, c.sent)
			one := len(got) == 1 && slices.Contains(c.want, got[0])
			if !slices.Equal(got, c.want) && !one {
				t.Errorf("answers %v, want %v", got, c.want)
			}
		})
	}
}

// A signature covers one body: what follows it on the same connection has none.
func TestAGenuineWebhookVouchesForNothingBehindIt(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	r := start(t, server.Options{Webhooks: ghosts(in, 0), Vitals: &vitals{}})
	head := fmt.Sprintf("POST /webhook/ghost/blog HTTP/1.1\r\nHost: x\r\n%s: %s\r\n", ghost.SignatureHeader, ghost.Sign([]byte(plain), []byte(secret), time.Now()))
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(plain), plain)
	forged := "POST /webhook/ghost/blog HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
	got := conversation(t, r.addr, head+"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"+chunked+forged)
	if want := []int{202, 401}; !slices.Equal(got, want) {
		t.Errorf("answers %v, want %v", got, want)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.n != 1 {
		t.Errorf("%d in the inbox", in.n)
	}
}

// Strangers who hold every place a client may have, and say nothing, are gone before
// Ghost gives up.
func TestSilentConnectionsGiveTheirPlacesUp(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	r := start(t, server.Options{
		Webhooks: ghosts(in, 0), Vitals: &vitals{}, MaxConnections: 20, Timeouts: server.Timeouts{ReadHeader: 200 * time.Millisecond},
	})
	for i := range 60 { // three times as many as fit
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "POST /webhook/ghost/blog HTTP/1.1\r\nX-A: "[:i%40])
	}
	if got := do(t, genuine(t, r.url)); got.status != http.StatusAccepted {
		t.Errorf("answer %d %s", got.status, got.body)
	}
}
