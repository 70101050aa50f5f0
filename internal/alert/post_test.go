package alert

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
)

// answering is a target that answers with a status, and counts how often it was asked.
func answering(t *testing.T, header http.Header, status int) (Target, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range header {
			rw.Header()[name] = values
		}
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, "invalid_token hunter2")
	}))
	t.Cleanup(s.Close)
	return lenient(t, s.URL+"/services/hunter2"), &asked
}

func lenient(t *testing.T, url string) Target {
	t.Helper()
	client := egress.Client(egress.Policy{AllowPrivate: true, AllowHTTP: true}, egress.Options{})
	t.Cleanup(client.CloseIdleConnections)
	return Target{URL: url, Secret: "hunter2-secret", HTTP: client, pause: time.Millisecond}
}

func (t Target) try(ctx context.Context) error {
	return t.send(ctx, http.MethodPost, []byte(`{"text":"hunter2-text"}`), time.Now)
}

func TestStatusesThatMayPassAreTriedAgainAndNoOthers(t *testing.T) {
	t.Parallel()
	again := map[int]bool{408: true, 429: true}
	for _, status := range []int{200, 201, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 408, 410, 413, 418, 422, 429, 500, 501, 502, 503, 504, 599} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			to, asked := answering(t, http.Header{"Location": {"/services/hunter2/elsewhere"}}, status)
			err := to.try(t.Context())
			want := int32(1)
			if again[status] || status >= 500 {
				want = triesAtMost
			}
			if good := status < 300; good != (err == nil) || asked.Load() != want {
				t.Errorf("asked %d times, %v", asked.Load(), err)
			}
			if err != nil && (!strings.Contains(err.Error(), fmt.Sprint(status)) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("the error is %q", err)
			}
		})
	}
}

func TestAReceiverMayAskForARest(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]int32{"1": triesAtMost, "3600": 1, "soon": triesAtMost, "-1": triesAtMost} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			to, asked := answering(t, http.Header{"Retry-After": {header}}, http.StatusTooManyRequests)
			if err := to.try(t.Context()); err == nil || asked.Load() != want {
				t.Errorf("asked %d times, %v", asked.Load(), err)
			}
		})
	}
}

// A chat program's address that was moved, or a stranger's that leads inside.
func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	elsewhere, reached := answering(t, nil, http.StatusOK)
	to, _ := answering(t, http.Header{"Location": {elsewhere.URL}}, http.StatusPermanentRedirect)
	if err := to.try(t.Context()); err == nil || !strings.Contains(err.Error(), "set the address that it leads to") {
		t.Errorf("got %v", err)
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the address that a redirect names was reached %d times", n)
	}
}

func TestErrorsNameWhatIsWrongAndNoSecret(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + free.Addr().String() + "/services/hunter2"
	free.Close()
	open, reached := answering(t, nil, http.StatusOK)
	strict := Target{URL: open.URL, HTTP: egress.Client(egress.Policy{}, egress.Options{})}
	private := Target{URL: strings.Replace(open.URL, "http:", "https:", 1), HTTP: strict.HTTP}
	for name, c := range map[string]struct {
		to   Target
		want string
	}{
		"nobody listens":    {lenient(t, closed), "it cannot be reached"},
		"plain http":        {strict, "http is refused"},
		"a private address": {private, "a loopback address"},
		"no URL":            {lenient(t, "https://%zz/hunter2"), "its URL is none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.to.try(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Cleanup(func() {
		if n := reached.Load(); n > 0 {
			t.Errorf("an address that is refused was reached %d times", n)
		}
	})
}

func TestAReceiverThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-release
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), answerWithin+500*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := lenient(t, s.URL).try(ctx); err == nil || time.Since(began) > answerWithin+20*time.Second {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}
