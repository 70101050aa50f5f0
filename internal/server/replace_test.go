package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// served runs a server for the test, and stops it when stop is called.
func served(t *testing.T, o Options) (s *Server, url string, stop func() error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	stop = func() error { cancel(); err := <-ended; ended <- err; return err }
	t.Cleanup(func() { _ = stop() })
	return s, "http://" + ln.Addr().String(), stop
}

func saying(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

func TestAReplacedServerAnswersNewRequestsByTheNewHandlersAndOldOnesByTheOld(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	old := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "old")
	})
	s, url, _ := served(t, Options{Webhooks: map[string]http.Handler{"ghost": old}, Sites: []string{"one"}})
	inFlight := make(chan string, 1)
	go func() { inFlight <- get(t, url+"/webhook/ghost/x") }()
	<-entered
	s.Replace(Options{Webhooks: map[string]http.Handler{"ghost": saying("new")}, Sites: []string{"two"}})
	if got := get(t, url+"/webhook/ghost/x"); got != "new" {
		t.Errorf("a new request is answered %q", got)
	}
	if got := get(t, url+"/health"); !strings.Contains(got, `"configured_sites":["two"]`) {
		t.Errorf("/health says %s", got)
	}
	close(leave)
	if got := <-inFlight; got != "old" {
		t.Errorf("the request in flight is answered %q", got)
	}
}

// The library's own shutdown would cut it: what was let in is answered.
func TestAConnectionThatHasJustArrivedIsAnsweredInTheDrain(t *testing.T) {
	t.Parallel()
	s, url, stop := served(t, Options{Webhooks: map[string]http.Handler{"ghost": saying("taken")}})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	for s.capacity.arriving.under.Load() == 0 {
		time.Sleep(time.Millisecond) // until it was accepted
	}
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	for {
		probe, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break // the drain has begun
		}
		probe.Close()
	}
	if _, err := io.WriteString(conn, "POST /webhook/ghost/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasSuffix(string(answer), "taken") {
		t.Errorf("answered %q, %v", answer, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
