package program_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAWorkerThatIsSeenAnswersForItselfAndTakesNoWebhook(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noProgram: true, env: []string{"METRICS_TOKEN=of-the-metrics"}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.WorkSeen(ctx, ln) }()
	ask := func(method, path, token string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+ln.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	r.eventually("the worker shows itself", 10*time.Second, func() string {
		if status, body := ask("GET", "/metrics", "of-the-metrics"); status != 200 || !strings.Contains(body, "\nghostcm_workers 1\n") {
			return body
		}
		return ""
	})
	for path, want := range map[string]int{"/metrics": 401, "/livez": 200, "/health": 200, "/readyz": 200, "/webhook/ghost/site1": 404} {
		if status, body := ask("GET", path, "x"); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if conn, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}
