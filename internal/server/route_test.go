package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/server"
)

// raw sends a request line as it stands: a client would clean the path.
func raw(t *testing.T, addr, method, target string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method, target)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func TestNoPathRedirects(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{Webhooks: ghosts(&inbox{}, 0), Vitals: &vitals{}})
	for target, want := range map[string]int{
		"/":                               405,
		"*":                               404,
		"/webhook":                        404,
		"/webhook/":                       404,
		"/webhook//":                      404,
		"/webhook/ghost":                  404,
		"/webhook/ghost/":                 404,
		"//webhook/ghost/blog":            404,
		"/webhook//ghost/blog":            404,
		"/webhook/ghost//blog":            404,
		"/webhook/ghost/blog/":            404,
		"/webhook/ghost/./blog":           404,
		"/webhook/ghost/../ghost/blog":    404,
		"/x/../webhook/ghost/blog":        404,
		"/webhook/ghost/%2e%2e":           400,
		"/webhook/ghost/blog%2f":          400,
		"/webhook/payment/blog":           404,
		"/WEBHOOK/ghost/blog":             404,
		"/webhook/ghost/blog?x=//":        401,
		"http://x/webhook/ghost/blog":     401,
		"/health/":                        404,
		"//health":                        404,
		"/dashboard":                      404,
		"/metrics":                        404,
		"/favicon.ico":                    404,
		"/.env":                           404,
		"/webhook/ghost/blog/../../admin": 404,
	} {
		got := raw(t, r.addr, "POST", target)
		if got.status != want || got.header.Get("Location") != "" {
			t.Errorf("POST %s: %d %s %s, want %d", target, got.status, got.header.Get("Location"), got.body, want)
		}
		if got.json(t)["error"] == "" || got.json(t)["message"] == "" {
			t.Errorf("POST %s: answer %s is no error with a message", target, got.body)
		}
	}
}

func TestEveryAnswerForbidsSniffingAndStoring(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{Webhooks: ghosts(&inbox{}, 0), Vitals: &vitals{}})
	for _, path := range []string{"/nothing", "/health", "/livez", "/webhook/ghost/blog"} {
		h := get(t, r.url+path).header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

func TestTheRootSaysWhatThisIs(t *testing.T) {
	t.Parallel()
	icon := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "image/svg+xml") })
	for _, dashboard := range []http.Handler{nil, icon} {
		r := start(t, server.Options{Dashboard: dashboard, Favicon: icon})
		got := get(t, r.url+"/")
		if got.status != 200 || strings.Contains(got.body, `href="/dashboard"`) != (dashboard != nil) || got.header.Get("Content-Security-Policy") == "" {
			t.Errorf("/ answers %d %v %s", got.status, got.header, got.body)
		}
		if got := get(t, r.url+"/favicon.ico"); got.status != 200 || got.header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("/favicon.ico answers %d %v", got.status, got.header)
		}
	}
}

func TestStatusPathsAreReadOnly(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{Vitals: &vitals{}})
	for _, path := range []string{"/health", "/livez", "/readyz"} {
		got := do(t, request(t, http.MethodPost, r.url+path))
		if got.status != 405 || got.header.Get("Allow") != "GET, HEAD" || got.json(t)["error"] != "method_not_allowed" {
			t.Errorf("POST %s: %d %s", path, got.status, got.body)
		}
		if got := do(t, request(t, http.MethodHead, r.url+path)); got.status != 200 || got.body != "" {
			t.Errorf("HEAD %s: %d %q", path, got.status, got.body)
		}
	}
}

func TestTheDashboardGetsItsPathsAndNoOthers(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{Dashboard: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Path)
	})})
	for path, want := range map[string]int{"/dashboard": 200, "/dashboard/": 200, "/dashboard/sites/x": 200, "/dashboards": 404} {
		got := get(t, r.url+path)
		if got.status != want || want == 200 && got.body != path {
			t.Errorf("%s: %d %s, want %d", path, got.status, got.body, want)
		}
	}
}

func TestMetricsAreForThoseWhoKnowTheToken(t *testing.T) {
	t.Parallel()
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "series") })
	open := start(t, server.Options{Metrics: metrics})
	if got := get(t, open.url+"/metrics"); got.status != 200 || got.body != "series" {
		t.Errorf("without a token configured: %d %s", got.status, got.body)
	}
	shut := start(t, server.Options{Metrics: metrics, MetricsToken: "t0ken"})
	for header, want := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer t0ke": 401, "Bearer t0ken2": 401, "Basic t0ken": 401, "t0ken": 401,
		"Bearer t0ken": 200, "bearer t0ken": 200,
	} {
		r := request(t, http.MethodGet, shut.url+"/metrics")
		r.Header.Set("Authorization", header)
		got := do(t, r)
		if got.status != want || (want == 401) != (got.header.Get("WWW-Authenticate") != "") {
			t.Errorf("Authorization %q: %d %s, want %d", header, got.status, got.body, want)
		}
	}
}
