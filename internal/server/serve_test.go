package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/server"
)

func TestAHundredWebhooksAtOnceAreAnswered(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	r := start(t, server.Options{Webhooks: ghosts(in, 10)}) // far under the burst: genuine ones are taken
	var wg sync.WaitGroup
	failed := make(chan string, 100)
	began := time.Now()
	for range 100 {
		req := genuine(t, r.url)
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
			res, err := client.Do(req)
			if err != nil {
				failed <- err.Error()
				return
			}
			res.Body.Close()
			if res.StatusCode != http.StatusAccepted {
				failed <- res.Status
			}
		})
	}
	wg.Wait()
	close(failed)
	for reason := range failed {
		t.Error(reason)
	}
	if took := time.Since(began); in.n != 100 || took > 20*time.Second {
		t.Errorf("%d stored after %v, want 100 soon", in.n, took)
	}
}

func TestAFloodOfStrangersDoesNotStopGhost(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	r := start(t, server.Options{Webhooks: ghosts(in, 5)})
	codes := map[int]int{}
	for range 50 {
		forged := genuine(t, r.url)
		forged.Header.Set("X-Ghost-Signature", "sha256="+strings.Repeat("00", 32)+", t=1790000000000")
		codes[do(t, forged).status]++
	}
	if codes[401] < 5 || codes[429] < 40 || codes[401]+codes[429] != 50 {
		t.Errorf("answers to strangers: %v, want about 5 × 401, then 429", codes)
	}
	for range 20 {
		if got := do(t, genuine(t, r.url)); got.status != 202 {
			t.Fatalf("a genuine request from the same address: %d %s", got.status, got.body)
		}
	}
}

func TestAPanicCostsOneRequest(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{Webhooks: map[string]http.Handler{
		"early": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("reader@example.com") }),
		"late": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "half an ")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			panic("reader@example.com")
		}),
	}, Vitals: &vitals{}})

	got := get(t, r.url+"/webhook/early/x")
	if got.status != 500 || got.json(t)["error"] != "internal" || strings.Contains(got.body, "reader") {
		t.Errorf("answer %d %s, want 500 internal", got.status, got.body)
	}
	if res, err := http.Post(r.url+"/webhook/late/x", "text/plain", strings.NewReader("x")); err == nil { // a GET would be tried again
		if body, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("half an answer looks whole: %q", body)
		}
		res.Body.Close()
	}
	if got := get(t, r.url+"/livez"); got.status != 200 {
		t.Errorf("after the panics: %d", got.status)
	}
	log := r.log.String()
	if strings.Count(log, `"http.panic"`) != 2 || !strings.Contains(log, "serve_test.go") {
		t.Errorf("no record with the stack:\n%s", log)
	}
	if strings.Contains(log, "reader") {
		t.Error("the value of the panic is in the log")
	}
}

// held answers when it is released.
type held struct{ entered, release chan struct{} }

func newHeld() *held { return &held{entered: make(chan struct{}, 16), release: make(chan struct{})} }

func (h *held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.entered <- struct{}{}
	select {
	case <-h.release:
		fmt.Fprint(w, "done")
	case <-r.Context().Done():
	}
}

func TestRequestsInFlightAreAnsweredBeforeTheEnd(t *testing.T) {
	t.Parallel()
	h := newHeld()
	r := start(t, server.Options{Webhooks: map[string]http.Handler{"held": h}})
	answers := make(chan answer, 1)
	req := request(t, http.MethodGet, r.url+"/webhook/held/x")
	go func() { answers <- do(t, req) }()
	<-h.entered
	r.stop()
	waitFor(t, func() bool {
		conn, err := net.Dial("tcp", r.addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	select {
	case err := <-r.done:
		t.Fatalf("ended with a request in flight: %v", err)
	default:
	}
	close(h.release)
	if got := <-answers; got.status != 200 || got.body != "done" {
		t.Errorf("answer %d %q", got.status, got.body)
	}
	if err := <-r.done; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestTheEndComesThoughARequestHangs(t *testing.T) {
	t.Parallel()
	h := newHeld()
	r := start(t, server.Options{
		Webhooks: map[string]http.Handler{"held": h},
		Timeouts: server.Timeouts{Drain: 30 * time.Millisecond},
	})
	go func() {
		if res, err := http.Get(r.url + "/webhook/held/x"); err == nil {
			res.Body.Close()
		}
	}()
	<-h.entered
	r.stop()
	select {
	case err := <-r.done:
		if err == nil {
			t.Error("a request was cut, and Serve calls it a good end")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Serve did not return")
	}
}

func TestAListenerThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := server.New(server.Options{}).Serve(t.Context(), ln); err == nil {
		t.Error("Serve returned nil without having been stopped")
	}
}

func TestSlowHeadsAndBodiesAreCut(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{
		Webhooks: map[string]http.Handler{"read": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				w.WriteHeader(http.StatusRequestTimeout)
			}
		})},
		Timeouts: server.Timeouts{ReadHeader: 50 * time.Millisecond, Read: 100 * time.Millisecond},
	})
	for name, sent := range map[string]string{
		"nothing":   "",
		"half head": "POST /webhook/read/x HTTP/1.1\r\nHost:",
		"half body": "POST /webhook/read/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
	} {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, sent)
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if answer, err := io.ReadAll(conn); err != nil || bytes.Contains(answer, []byte("200 OK")) {
			t.Errorf("%s: %q, %v; want the connection cut", name, answer, err)
		}
	}
}

func TestConnectionsAreKeptAndReused(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{})
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for range 5 {
		fmt.Fprint(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK || res.Close {
			t.Errorf("answer %d, closed %v, %v", res.StatusCode, res.Close, err)
		}
	}
}

func TestMoreConnectionsThanAllowedWaitTheirTurn(t *testing.T) {
	t.Parallel()
	h := newHeld()
	r := start(t, server.Options{Webhooks: map[string]http.Handler{"held": h}, MaxConnections: 2})
	answered := make(chan error, 5)
	for range 5 {
		go func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
			res, err := client.Get(r.url + "/webhook/held/x")
			if err == nil {
				res.Body.Close()
			}
			answered <- err
		}()
	}
	<-h.entered
	<-h.entered
	select {
	case <-h.entered:
		t.Error("a third connection was served at once")
	case <-time.After(50 * time.Millisecond):
	}
	close(h.release)
	for range 5 {
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
}

// http.Server.Shutdown waits, whatever its deadline, until Accept returns.
func TestAFullServerStillEnds(t *testing.T) {
	t.Parallel()
	h := newHeld()
	r := start(t, server.Options{
		Webhooks:       map[string]http.Handler{"held": h},
		MaxConnections: 1,
		Timeouts:       server.Timeouts{Drain: 30 * time.Millisecond},
	})
	go func() {
		if res, err := http.Get(r.url + "/webhook/held/x"); err == nil {
			res.Body.Close()
		}
	}()
	<-h.entered
	r.stop()
	select {
	case <-r.done:
	case <-time.After(10 * time.Second):
		close(h.release)
		t.Fatal("Serve did not return")
	}
}
