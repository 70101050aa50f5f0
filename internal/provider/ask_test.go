package provider_test

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
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
)

// The marks must never be seen in an error.
const (
	markedKey   = "k3yk3yk3yk3yk3yk3yk3yk3yk3yk3y00"
	markedEmail = "marked.person+tag@secret-domain.example"
	markedSale  = "s4l3-marked=="
	markedHook  = "WHMARKEDWHMARKED"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// respond answers every request with the same status, header and body.
func respond(status int, header http.Header, body string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{StatusCode: status, Header: header.Clone(), Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// markedDelivery are the headers of a delivery that looks like PayPal's.
func markedDelivery(name string) string {
	return http.Header{
		"Paypal-Transmission-Id": {"1"}, "Paypal-Transmission-Time": {"2026-11-01T12:00:06Z"}, "Paypal-Auth-Algo": {"SHA256withRSA"},
		"Paypal-Cert-Url": {"https://api.paypal.com/v1/notifications/certs/CERT-1"}, "Paypal-Transmission-Sig": {"AAAA"},
	}.Get(name)
}

// markedPing is a sale of Gumroad's, and markedIPN a message.
func markedPing() []byte {
	return []byte(url.Values{
		"resource_name": {"sale"}, "sale_id": {markedSale}, "product_id": {"prod"}, "email": {markedEmail}, "price": {"100"}, "currency": {"usd"},
	}.Encode())
}

func markedIPN() []byte {
	return []byte(url.Values{"txn_type": {"web_accept"}, "receiver_email": {markedEmail}, "payer_email": {markedEmail}}.Encode())
}

// A question that is asked with marked arguments.
type question struct {
	op   string
	call func(context.Context, transports) error
}

// transports is how questions reach their servers.
type transports struct {
	http    *http.Client
	url     string // "" is the providers' own
	observe provider.Observe
}

func questions(t testing.TB) []question {
	payPal := func(w transports) *provider.PayPal {
		p, err := provider.NewPayPal(provider.PayPalOptions{HTTP: w.http, URL: w.url, Observe: w.observe})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	return []question{
		{provider.OpCertificate, func(ctx context.Context, w transports) error {
			return payPal(w).Verify(ctx, []string{markedHook}, markedDelivery, []byte(markedEmail), time.Now())
		}},
		{provider.OpPostBack, func(ctx context.Context, w transports) error {
			return payPal(w).VerifyIPN(ctx, []string{markedEmail}, markedIPN())
		}},
		{provider.OpSale, func(ctx context.Context, w transports) error {
			g, err := provider.NewGumroad(provider.GumroadOptions{Key: markedKey, HTTP: w.http, URL: w.url, Observe: w.observe})
			if err != nil {
				t.Fatal(err)
			}
			return g.Confirm(ctx, markedPing())
		}},
	}
}

func stub(f roundTrip) transports { return transports{http: &http.Client{Transport: f}} }

// mustNotLeak fails if any way to print a value shows a mark.
func mustNotLeak(t *testing.T, what string, v any) {
	t.Helper()
	shown := fmt.Sprintf("%v\n%+v\n%#v\n%s\n%q", v, v, v, v, v)
	if err, ok := v.(error); ok {
		for ; err != nil; err = errors.Unwrap(err) {
			shown += "\n" + err.Error()
		}
	}
	for _, mark := range []string{markedKey, markedEmail, "secret-domain", markedSale, url.QueryEscape(markedSale), markedHook, "CERT-1"} {
		if strings.Contains(shown, mark) {
			t.Errorf("%s shows %q", what, mark)
		}
	}
}

// wantKind is the rule, written once more.
func wantKind(status int) provider.Kind {
	switch {
	case status == 401, status == 403:
		return provider.Credentials
	case status == 404, status == 410:
		return provider.NotFound
	case status == 429:
		return provider.RateLimited
	case status >= 300 && status < 400, status == 405, status == 407:
		return provider.Config
	case status == 408, status == 425:
		return provider.Transient
	case status >= 400 && status < 500:
		return provider.InvalidRequest
	}
	return provider.Transient
}

// What a status says of a webhook is nothing, but for the 404 of what has to be there;
// a sale may come to be there.
func TestEveryStatusIsJudgedAndNeverTakenForAVerdict(t *testing.T) {
	t.Parallel()
	for _, q := range questions(t) {
		for status := 201; status < 600; status++ {
			for _, body := range []string{"", "VERIFIED", "INVALID", `{"success":false}`, "<html>Service unavailable</html>", "\x00\xff"} {
				err := q.call(t.Context(), stub(respond(status, nil, body)))
				if wantKind(status) == provider.NotFound && q.op != provider.OpPostBack && q.op != provider.OpSale {
					var refused *payment.Refused
					if !errors.As(err, &refused) || refused.Reason != payment.ReasonMismatch {
						t.Fatalf("%s: HTTP %d is %v, want refused", q.op, status, err)
					}
					continue
				}
				var failure *provider.Error
				if !errors.As(err, &failure) || failure.Kind() != wantKind(status) || failure.Op != q.op || failure.Status != status {
					t.Fatalf("%s: HTTP %d with %q is %+v, want %v", q.op, status, body, err, wantKind(status))
				}
			}
		}
	}
}

func TestASuccessThatIsNotTheProvidersSaysNothing(t *testing.T) {
	t.Parallel()
	for _, q := range questions(t) {
		for _, body := range []string{
			"", "<html>Welcome to the café</html>", "null", "{}", "[]", `{"success":true}`, `{"success":true,"sale":{}}`, "VERIFIED INVALID", "verified",
			"INVALID\n<!-- proxy -->", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", strings.Repeat("A", 2<<20),
		} {
			err := q.call(t.Context(), stub(respond(http.StatusOK, nil, body)))
			if got := provider.KindOf(err); got != provider.Transient {
				t.Errorf("%s: 200 with %.40q is %v", q.op, body, err)
			}
		}
	}
}

// An echo of everything that was sent is the worst a server can say.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Location", "/elsewhere?"+r.Header.Get("Authorization"))
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Header.Get("Authorization"), r.URL, body, markedEmail)
	}
}

func TestNoErrorShowsAKeyAnAddressOrWhatWasSent(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 302, 400, 401, 403, 404, 429, 500, 502} {
		server := httptest.NewServer(echo(status))
		for _, q := range questions(t) {
			err := q.call(t.Context(), transports{http: server.Client(), url: server.URL})
			if err == nil {
				t.Errorf("%s: HTTP %d is no error", q.op, status)
			}
			mustNotLeak(t, fmt.Sprintf("%s with HTTP %d", q.op, status), err)
		}
		server.Close()
	}
	g, err := provider.NewGumroad(provider.GumroadOptions{Key: markedKey, HTTP: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	mustNotLeak(t, "the client", g)
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

func TestABrokenConnectionSaysNothing(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"no answer":   "",
		"not HTTP":    markedEmail + " " + markedKey + "\r\n\r\n",
		"bad header":  "HTTP/1.1 200 OK\r\n" + markedEmail + "\r\n\r\n",
		"cut body":    "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nINVALID",
		"bad chunks":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + markedEmail,
		"cut refusal": "HTTP/1.1 500 Oh\r\nContent-Length: 500\r\n\r\nINVALID",
	} {
		transport := &http.Transport{}
		for _, q := range questions(t) {
			err := q.call(t.Context(), transports{http: &http.Client{Transport: transport}, url: brokenServer(t, answer)})
			if provider.KindOf(err) != provider.Transient {
				t.Errorf("%s, %s: %v", q.op, name, err)
			}
			mustNotLeak(t, name, err)
		}
		transport.CloseIdleConnections()
	}
}

func TestTheCauseOfAFailureCanBeAskedForButIsNotPrinted(t *testing.T) {
	t.Parallel()
	cause := errors.New("blocked: " + markedEmail)
	for _, q := range questions(t) {
		err := q.call(t.Context(), stub(func(*http.Request) (*http.Response, error) { return nil, cause }))
		if !errors.Is(err, cause) || provider.KindOf(err) != provider.Transient {
			t.Errorf("%s: %v does not know its cause", q.op, err)
		}
		mustNotLeak(t, q.op, err)
	}
}

// forbidden is as the refusals of a transport that keeps a policy are.
type forbidden struct{}

func (forbidden) Error() string { return "refused: " + markedEmail }
func (forbidden) Hint() string  { return "the address is private; allow it" }

func TestWhatTheConfigurationForbidsIsNoTransientFailure(t *testing.T) {
	t.Parallel()
	for _, q := range questions(t) {
		err := q.call(t.Context(), stub(func(*http.Request) (*http.Response, error) { return nil, forbidden{} }))
		if provider.KindOf(err) != provider.Config || !strings.Contains(err.Error(), "allow it") {
			t.Errorf("%s: %v", q.op, err)
		}
		mustNotLeak(t, q.op, err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	for _, q := range questions(t) {
		if err := q.call(t.Context(), transports{http: server.Client(), url: server.URL}); provider.KindOf(err) != provider.Config {
			t.Errorf("%s: %v", q.op, err)
		}
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
	if server.Client().CheckRedirect != nil {
		t.Error("the given client was changed")
	}
}

func TestAHangingProviderIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, q := range questions(t) {
		synctest.Test(t, func(t *testing.T) {
			hang := roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			begin := time.Now()
			err := q.call(t.Context(), transports{http: &http.Client{Transport: hang, Timeout: time.Second}})
			if took := time.Since(begin); took != 30*time.Second || provider.KindOf(err) != provider.Transient {
				t.Errorf("%s: gave up after %v with %v", q.op, took, err)
			}
		})
	}
}

func TestACanceledQuestionSaysNothingOfTheProvider(t *testing.T) {
	t.Parallel()
	for _, q := range questions(t) {
		ctx, cancel := context.WithCancel(t.Context())
		err := q.call(ctx, stub(func(r *http.Request) (*http.Response, error) {
			cancel()
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		if provider.KindOf(err) != provider.Canceled || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", q.op, err)
		}
	}
}

func TestAProvidersWishToWaitIsReadAndBounded(t *testing.T) {
	t.Parallel()
	date := "Sun, 22 Nov 2026 10:00:00 GMT"
	for _, row := range []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{}, 0},
		{http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{http.Header{"Retry-After": {"Sun, 22 Nov 2026 10:01:30 GMT"}, "Date": {date}}, 90 * time.Second},
		{http.Header{"Retry-After": {"Sun, 22 Nov 2026 09:00:00 GMT"}, "Date": {date}}, 0},
		{http.Header{"Retry-After": {"Mon, 22 Nov 2027 10:01:30 GMT"}, "Date": {date}}, time.Hour},
		{http.Header{"Retry-After": {"99999"}}, time.Hour},
		{http.Header{"Retry-After": {"-5"}}, 0},
		{http.Header{"Retry-After": {"soon"}}, 0},
	} {
		for _, q := range questions(t) {
			for status, waits := range map[int]bool{429: true, 503: true, 400: false} {
				err := q.call(t.Context(), stub(respond(status, row.header, "")))
				var e *provider.Error
				if want := row.want; !errors.As(err, &e) || waits && e.RetryAfter != want || !waits && e.RetryAfter != 0 {
					t.Errorf("%s, HTTP %d %v: %+v, want %v", q.op, status, row.header, e, want)
				}
			}
		}
	}
}

func TestEveryQuestionIsObserved(t *testing.T) {
	t.Parallel()
	type seen struct {
		Provider, Op string
		Status       int
		Took         time.Duration
	}
	var got []seen
	synctest.Test(t, func(t *testing.T) {
		slow := roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			return respond(503, nil, "")(r)
		})
		for _, q := range questions(t) {
			_ = q.call(t.Context(), transports{http: &http.Client{Transport: slow}, observe: func(p, op string, status int, d time.Duration) {
				got = append(got, seen{p, op, status, d})
			}}) // what it returns is tested elsewhere
		}
	})
	want := []seen{
		{"paypal", provider.OpCertificate, 503, 2 * time.Second}, {"paypal", provider.OpPostBack, 503, 2 * time.Second},
		{"gumroad", provider.OpSale, 503, 2 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	if p, err := provider.NewPayPal(provider.PayPalOptions{}); err == nil {
		t.Errorf("PayPal without an HTTP client: %v", p)
	}
	for name, o := range map[string]provider.GumroadOptions{
		"no key":            {HTTP: &http.Client{}},
		"no HTTP client":    {Key: markedKey},
		"a key with a CR":   {Key: markedKey + "\r", HTTP: &http.Client{}},
		"a key with a tab":  {Key: markedKey + "\t" + markedKey, HTTP: &http.Client{}},
		"a key of a letter": {Key: markedKey + "é", HTTP: &http.Client{}},
	} {
		g, err := provider.NewGumroad(o)
		if err == nil {
			t.Errorf("%s: got %v, want an error", name, g)
		}
		mustNotLeak(t, name, err)
	}
}
