package campaignmonitor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

// mustNotLeak fails if any way to print a value shows a mark.
func mustNotLeak(t *testing.T, what string, v any) {
	t.Helper()
	shown := fmt.Sprintf("%v\n%+v\n%#v\n%s\n%q", v, v, v, v, v)
	if err, ok := v.(error); ok {
		for ; err != nil; err = errors.Unwrap(err) {
			shown += "\n" + err.Error()
		}
	}
	marks := []string{markedKey, markedEmail, url.QueryEscape(markedEmail), "secret-domain", markedValue}
	for _, mark := range marks {
		if strings.Contains(shown, mark) {
			t.Errorf("%s shows %q", what, mark)
		}
	}
}

// An echo of everything that was sent, the key included, is the worst a server
// can say.
func echo(status int, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key, _, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Location", "/elsewhere?"+r.URL.RawQuery+"&key="+key)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"Code":400,"Message":%q}`, key+" "+r.URL.String()+" "+string(body)+" "+markedEmail)
	}
}

func TestNoErrorShowsAnAddressAValueOrTheKey(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 302, 400, 401, 403, 404, 429, 500, 502} {
		server := httptest.NewServer(echo(status, "application/json"))
		c := newClient(t, cm.Options{BaseURL: server.URL, HTTP: server.Client()})
		for _, m := range methods() {
			if err := m.call(t.Context(), c); err != nil {
				mustNotLeak(t, fmt.Sprintf("%s with HTTP %d", m.op, status), err)
			}
		}
		mustNotLeak(t, "the client", c)
		server.Close()
	}
}

// brokenServer answers each connection with raw bytes, then closes it.
func brokenServer(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return "http://" + l.Addr().String()
}

func TestBrokenConnectionsAreTransientAndTellNothing(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"no answer":       "",
		"not HTTP":        markedEmail + " " + markedKey + "\r\n\r\n",
		"bad header":      "HTTP/1.1 200 OK\r\n" + markedEmail + "\r\n\r\n",
		"bad status":      "HTTP/1.1 " + markedValue + "\r\n\r\n",
		"cut body":        "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Code\":206",
		"cut refusal":     "HTTP/1.1 400 Bad Request\r\nContent-Length: 500\r\n\r\n{\"Code\":206}",
		"bad chunks":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + markedEmail,
		"bad compression": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
	}
	for name, answer := range answers {
		transport := &http.Transport{}
		c := newClient(t, cm.Options{BaseURL: brokenServer(t, answer), HTTP: &http.Client{Transport: transport}})
		for _, m := range methods() {
			err := m.call(t.Context(), c)
			if cm.KindOf(err) != cm.Transient {
				t.Errorf("%s, %s: %v", m.op, name, err)
			}
			mustNotLeak(t, name, err)
		}
		transport.CloseIdleConnections()
	}
}

func TestAnUnreachableHostIsTransient(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	_ = l.Close()
	_, err = newClient(t, cm.Options{BaseURL: base}).Subscriber(t.Context(), "l", markedEmail)
	if cm.KindOf(err) != cm.Transient || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
	mustNotLeak(t, "a refused connection", err)
}

func TestTheCauseOfAFailureCanBeAskedForButIsNotPrinted(t *testing.T) {
	t.Parallel()
	cause := errors.New("blocked: " + markedEmail)
	err := stubbed(t, func(*http.Request) (*http.Response, error) { return nil, cause }).Delete(t.Context(), "l", markedEmail)
	if !errors.Is(err, cause) {
		t.Errorf("%v does not know its cause", err)
	}
	mustNotLeak(t, "an error with a cause", err)
}

func TestACanceledCallSaysNothingOfTheService(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := stubbed(t, func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	err := c.Delete(ctx, "l", markedEmail)
	if cm.KindOf(err) != cm.Canceled || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", cm.KindOf(err), err)
	}
}

func TestRetryAfterIsReadAndBounded(t *testing.T) {
	t.Parallel()
	date := "Sun, 22 Nov 2026 10:00:00 GMT"
	table := []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{}, 0},
		{http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{http.Header{"X-Ratelimit-Reset": {"348"}}, 348 * time.Second},
		{http.Header{"Retry-After": {"7"}, "X-Ratelimit-Reset": {"348"}}, 7 * time.Second},
		{http.Header{"Retry-After": {"Sun, 22 Nov 2026 10:01:30 GMT"}, "Date": {date}}, 90 * time.Second},
		{http.Header{"Retry-After": {"Sun, 22 Nov 2026 09:00:00 GMT"}, "Date": {date}}, 0},
		{http.Header{"Retry-After": {"Sun, 22 Nov 2026 10:01:30 GMT"}}, 0},
		{http.Header{"Retry-After": {"Mon, 22 Nov 2027 10:01:30 GMT"}, "Date": {date}}, time.Hour},
		{http.Header{"X-Ratelimit-Reset": {"1795000000"}}, time.Hour},
		{http.Header{"Retry-After": {"-5"}}, 0},
		{http.Header{"Retry-After": {"99999999999999999999"}}, 0},
		{http.Header{"Retry-After": {"soon"}}, 0},
	}
	for _, row := range table {
		for _, status := range []int{429, 503} {
			err := stubbed(t, respond(status, row.header, "")).Unsubscribe(t.Context(), "l", markedEmail)
			var e *cm.Error
			if !errors.As(err, &e) || e.RetryAfter != row.want {
				t.Errorf("HTTP %d %v: %+v, want %v", status, row.header, e, row.want)
			}
		}
	}
}
