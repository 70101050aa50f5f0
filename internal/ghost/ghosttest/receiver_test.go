package ghosttest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

const secret = "a webhook secret"

// received is a webhook as it arrived.
type received struct {
	path   string
	header http.Header
	body   []byte
}

// receiver collects webhooks and answers them with a status.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	status int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusAccepted}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, received{path: req.URL.String(), header: req.Header, body: body})
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// answer sets the status of the answers from now on.
func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// register lets a server send all events to the receiver.
func (r *receiver) register(s *ghosttest.Server) {
	s.Webhooks(func(event string) string { return r.URL + "/hook?event=" + event }, secret)
}

// capture is a webhook that a real Ghost sent.
func capture(t *testing.T, name string) (body map[string]any, head http.Header) {
	t.Helper()
	base := filepath.Join("../testdata/webhooks", name)
	raw, err := os.ReadFile(base + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(base + ".headers")
	if err != nil {
		t.Fatal(err)
	}
	head = http.Header{}
	for _, line := range strings.Split(string(text), "\r\n")[1:] {
		if k, v, ok := strings.Cut(line, ": "); ok {
			head.Set(k, v)
		}
	}
	return body, head
}

// shape is the tree of keys of a JSON value, with lists as their first element.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = shape(e)
		}
		return out
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return []any{shape(v[0])}
	}
	return "value"
}
