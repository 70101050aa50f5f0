package program_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// What names a person or opens a door, in this test and nowhere else.
const (
	markedEmail    = "xaverine.marked+x@private-domain.test"
	markedDying    = "xaverine.dying@nodomain" // Ghost takes it, and Campaign Monitor does not
	markedLabel    = "label-that-nobody-may-see"
	markedCustomer = "Xaverine Markedname"
	markedPassword = "a-password-that-is-marked"
	markedToken    = "a-metrics-token-that-is-marked"
)

// heard collects what somebody outside is told.
type heard struct {
	mu   sync.Mutex
	said strings.Builder
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = r.Write(&h.said)
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.said.String()
}

// guises are of a mark in all the forms in which it might slip out; case does not count.
func guises(mark string) []string {
	all := append(spellings(mark), url.PathEscape(mark), base64.StdEncoding.EncodeToString([]byte(mark)), base64.URLEncoding.EncodeToString([]byte(mark)))
	local, _, is := strings.Cut(mark, "@")
	if is {
		all = append(all, local, base64.RawStdEncoding.EncodeToString([]byte(local)))
	}
	return all
}

// fetch asks a path of the program, by the dashboard's password or the metrics' token.
func (r *rig) fetch(method, path, body string, headers ...string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	for name, values := range resp.Header {
		b.WriteString(name + ": " + strings.Join(values, ",") + "\n")
	}
	if _, err := io.Copy(&b, resp.Body); err != nil {
		r.t.Fatal(err)
	}
	return b.String()
}

// Everything that people may look at or pass on is asked for, after everything that
// can happen to a person has happened to one. Names are shown to the dashboard's user.
func TestNothingThatIsShownNamesAPersonOrASecret(t *testing.T) {
	t.Parallel()
	outside := &heard{}
	pager := httptest.NewServer(outside)
	t.Cleanup(pager.Close)
	s := newShop(t, rigOptions{ghost: connected(), env: []string{
		"DASHBOARD_PASSWORD=" + markedPassword, "METRICS_TOKEN=" + markedToken, "ALERT_WEBHOOK_URL=" + pager.URL, "RETRY_SCHEDULE=1s",
	}})
	for _, email := range []string{markedEmail, markedDying} {
		if _, err := s.site.AddMember(ghosttest.Member{Email: email, Name: markedCustomer, Labels: []string{markedLabel}}); err != nil {
			t.Fatal(err)
		}
	}
	s.site.Flush()
	s.takes(s.bought("sub-marked", markedEmail, "prod_gold"))
	s.takes(s.bought("sub-unmapped", markedEmail, "prod_nobody_knows"))
	body := string(s.bought("sub-refused", markedEmail, "prod_gold"))
	refusals := []string{
		s.fetch("POST", "/webhook/payment/site1/polar", body, "Webhook-Id", "x", "Webhook-Timestamp", "1", "Webhook-Signature", "v1,AAAA"),
		s.fetch("POST", "/webhook/payment/site1/"+url.PathEscape(markedEmail), body),
		s.fetch("POST", "/webhook/ghost/site1?event=member.added", body, "X-Ghost-Signature", "sha256="+markedToken+", t=1"),
		s.fetch("POST", "/webhook/ghost/"+url.PathEscape(markedEmail), body),
		s.fetch("GET", "/"+url.PathEscape(markedEmail), ""),
		s.fetch("GET", "/metrics", "", "Authorization", "Bearer wrong"),
		s.fetch("GET", "/dashboard", "", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:wrong"))),
	}
	s.comes("the purchases are in the ledger", s.state("polar:sub-marked", payment.StateGranted), s.state("polar:sub-unmapped", payment.StateUnmapped))
	s.eventually("one is a dead letter", long, func() string {
		if len(s.dead()) == 0 {
			return "no dead letter"
		}
		return s.settled()
	})
	for _, dry := range []bool{true, false} {
		if _, err := s.Sync(t.Context(), s.site.name, reconcile.Request{DryRun: dry}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Trace(t.Context(), s.site.name, markedEmail); err != nil {
		t.Fatal(err)
	}

	people := append(append(append(guises(markedEmail), guises(markedDying)...), guises(markedLabel)...), guises(markedCustomer)...)
	var secrets []string
	for _, mark := range []string{markedPassword, markedToken, polarSecret, stripeSecret, secret, s.site.AdminKey()} {
		secrets = append(secrets, guises(mark)...)
	}
	expose := func(what, text string, marks []string) {
		if len(text) == 0 {
			t.Errorf("%s: there is nothing to look through", what)
		}
		for _, found := range holding([]string{text}, marks) {
			t.Errorf("%s: %s", what, found)
		}
	}
	all := append(people, secrets...)
	for line := range strings.Lines(s.log.String()) {
		expose("the log", line, all)
	}
	for _, answer := range refusals {
		expose("a refusal", answer, all)
	}
	expose("/metrics", s.fetch("GET", "/metrics", "", "Authorization", "Bearer "+markedToken), all)
	for _, path := range []string{"/health", "/livez", "/readyz", "/"} {
		expose(path, s.fetch("GET", path, ""), all)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+markedPassword))
	unnamed := append(append(append(guises(markedEmail), guises(markedDying)...), guises(markedLabel)...), secrets...)
	letters := s.fetch("GET", "/dashboard/letters", "", "Authorization", basic)
	pages := []string{"", "/activity", "/letters", "/letters/all", "/payments", "/payments/unmapped", "/payments/one?site=site1&id=polar:sub-marked", "/syncs", "/health"}
	for _, m := range regexp.MustCompile(`href="/dashboard(/letters/[^"?]+)`).FindAllStringSubmatch(letters, -1) {
		pages = append(pages, m[1])
	}
	for _, page := range pages {
		expose("/dashboard"+page, s.fetch("GET", "/dashboard"+page, "", "Authorization", basic), unnamed)
	}
	s.eventually("somebody is told", long, func() string {
		if outside.text() == "" {
			return "nothing yet"
		}
		return ""
	})
	expose("an alert", outside.text(), all)
	holders := regexp.MustCompile(`^\{ghostcm\}:(inbox|member|delivery|quarantined|entitlement|contact|orphan|task):`)
	for _, kept := range s.everything() {
		key, _, _ := strings.Cut(kept, ": ")
		expose("a key of Redis", key, people)
		if !holders.MatchString(kept) {
			expose("Redis", kept, people)
		}
		expose("Redis", kept, secrets)
	}
}
