package campaignmonitor_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	h := &http.Client{}
	table := map[string]cm.Options{
		"no key":          {HTTP: h},
		"a key with a CR": {APIKey: "abc\r", HTTP: h},
		"a key with a :":  {APIKey: "abc:x", HTTP: h},
		"no HTTP client":  {APIKey: markedKey},
		"no scheme":       {APIKey: markedKey, HTTP: h, BaseURL: "api.example"},
		"another scheme":  {APIKey: markedKey, HTTP: h, BaseURL: "ftp://api.example"},
		"a user":          {APIKey: markedKey, HTTP: h, BaseURL: "https://u:" + markedValue + "@api.example"},
		"a query":         {APIKey: markedKey, HTTP: h, BaseURL: "https://api.example?k=" + markedValue},
		"a control char":  {APIKey: markedKey, HTTP: h, BaseURL: "https://api.example/\n" + markedValue},
	}
	for name, o := range table {
		c, err := cm.New(o)
		if err == nil {
			t.Errorf("%s: got %v, want an error", name, c)
		}
		mustNotLeak(t, name, err)
	}
}

func TestARequestLooksAsTheReferenceSays(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	c := stubbed(t, func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		return respond(200, nil, "")(r)
	})
	w := cm.Write{Email: "new@x.example", Name: "N", Resubscribe: true, ConsentToTrack: "No", Fields: []cm.Field{{Key: "[a]", Value: "1"}, {Key: "[b]", Clear: true}}}
	if err := c.Update(t.Context(), "a/b", "jo+1 &=@x.example", w); err != nil {
		t.Fatal(err)
	}
	if u := got.URL.String(); u != "https://cm.example/api/v3.3/subscribers/a%2Fb.json?email=jo%2B1+%26%3D%40x.example" {
		t.Errorf("URL %s", u)
	}
	key, password, _ := got.BasicAuth()
	if key != markedKey || password != "x" || got.Header.Get("Accept") != "application/json" || got.Method != http.MethodPut {
		t.Errorf("%s with headers %v", got.Method, got.Header)
	}
	want := `{"EmailAddress":"new@x.example","Name":"N","CustomFields":[{"Key":"[a]","Value":"1"},{"Key":"[b]","Value":"","Clear":true}],` +
		`"ConsentToTrack":"No","Resubscribe":true,"RestartSubscriptionBasedAutoresponders":false}`
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}

func TestAnImportLooksAsTheReferenceSays(t *testing.T) {
	t.Parallel()
	var body string
	c := stubbed(t, func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		return respond(201, nil, `{"TotalNewSubscribers":2}`)(r)
	})
	i := cm.Import{Subscribers: []cm.Write{{Email: "a@x.example"}, {Email: "b@x.example", KeepName: true, ConsentToTrack: "Yes"}}, QueueAutoresponders: true}
	if _, err := c.Import(t.Context(), "l", i); err != nil {
		t.Fatal(err)
	}
	want := `{"Subscribers":[{"EmailAddress":"a@x.example","Name":"","ConsentToTrack":"Unchanged"},{"EmailAddress":"b@x.example","ConsentToTrack":"Yes"}],` +
		`"Resubscribe":false,"QueueSubscriptionBasedAutoResponders":true,"RestartSubscriptionBasedAutoresponders":false}`
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	c := newClient(t, cm.Options{BaseURL: server.URL, HTTP: server.Client()})
	for _, m := range methods() {
		if err := m.call(t.Context(), c); cm.KindOf(err) != cm.Config {
			t.Errorf("%s: %v", m.op, err)
		}
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
	if server.Client().CheckRedirect != nil {
		t.Error("the given client was changed")
	}
}

func TestAHangingServiceIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, m := range methods() {
		synctest.Test(t, func(t *testing.T) {
			hang := roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			// The limit of the given client must not cut an import short.
			c := newClient(t, cm.Options{HTTP: &http.Client{Transport: hang, Timeout: time.Second}})
			want := 30 * time.Second
			if m.op == cm.OpImport {
				want = 120 * time.Second
			}
			begin := time.Now()
			err := m.call(t.Context(), c)
			if took := time.Since(begin); took != want || cm.KindOf(err) != cm.Transient {
				t.Errorf("%s: gave up after %v with %v, want %v", m.op, took, err, want)
			}
		})
	}
}

// trickle is a body that sends a byte a second for ever.
type trickle struct{ ctx context.Context }

func (b trickle) Read(p []byte) (int, error) {
	select {
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	}
}
func (trickle) Close() error { return nil }

func TestATricklingBodyIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := stubbed(t, func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: trickle{r.Context()}, Request: r}, nil
		})
		begin := time.Now()
		_, err := c.SystemDate(t.Context())
		if took := time.Since(begin); took > 31*time.Second || cm.KindOf(err) != cm.Transient {
			t.Errorf("gave up after %v with %v", took, err)
		}
	})
}

// flood is an all but endless body that counts what was taken of it.
type flood struct{ taken *atomic.Int64 }

// enough is where a flood ends, so that a test of a broken client ends too.
const enough = 128 << 20

func (b flood) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	if b.taken.Add(int64(len(p))) > enough {
		return 0, io.EOF
	}
	return len(p), nil
}
func (flood) Close() error { return nil }

func TestAnEndlessBodyIsCutOff(t *testing.T) {
	t.Parallel()
	var taken atomic.Int64
	c := stubbed(t, func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: flood{&taken}, Request: r}, nil
	})
	_, err := c.SystemDate(t.Context())
	if cm.KindOf(err) != cm.Transient || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
	if n := taken.Load(); n > 64<<20 {
		t.Errorf("%d bytes were read", n)
	}
}

func TestConnectionsAreUsedAgainAfterSuccessesAndFailures(t *testing.T) {
	t.Parallel()
	var n, connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status := []int{200, 400, 500, 429}[n.Add(1)%4]
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"Code": 500, "Message": strings.Repeat("x", 20_000)})
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := newClient(t, cm.Options{BaseURL: server.URL, HTTP: server.Client()})
	for range 5 {
		for _, m := range methods() {
			_ = m.call(t.Context(), c) // the answers are no use; the connection is the point
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections were opened, want 1", got)
	}
}

func TestEveryRequestIsObserved(t *testing.T) {
	t.Parallel()
	type seen struct {
		Op           string
		Status, Code int
		Took         time.Duration
	}
	synctest.Test(t, func(t *testing.T) {
		var got []seen
		answers := []roundTrip{
			respond(200, nil, ""),
			respond(400, nil, `{"Code":203}`),
			func(r *http.Request) (*http.Response, error) { time.Sleep(2 * time.Second); return nil, io.EOF },
		}
		c := newClient(t, cm.Options{
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				next := answers[0]
				answers = answers[1:]
				return next(r)
			})},
			Observe: func(op string, status, code int, d time.Duration) { got = append(got, seen{op, status, code, d}) },
		})
		for range 3 {
			_ = c.Delete(t.Context(), "l", markedEmail) // what it returns is tested elsewhere
		}
		want := []seen{{cm.OpDelete, 200, 0, 0}, {cm.OpDelete, 400, 203, 0}, {cm.OpDelete, 0, 0, 2 * time.Second}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
