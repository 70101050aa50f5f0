package dashboard_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// visitor is a browser without a screen: it keeps cookies and follows nothing.
type visitor struct {
	*rig
	http.Client
	header http.Header // of every request
}

func (r *rig) visitor() *visitor {
	jar, _ := cookiejar.New(nil) // without options it does not fail
	return &visitor{rig: r, header: http.Header{"Accept": {"text/html"}}, Client: http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type page struct {
	*http.Response
	body string
}

func (v *visitor) send(method, path string, form url.Values, change ...func(*http.Request)) page {
	v.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(context.Background(), method, v.url+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	for name, values := range v.header {
		req.Header[name] = values
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, do := range change {
		do(req)
	}
	resp, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return page{resp, string(text)}
}

func (v *visitor) get(path string, change ...func(*http.Request)) page {
	v.t.Helper()
	return v.send(http.MethodGet, path, nil, change...)
}

func (v *visitor) post(path string, form url.Values, change ...func(*http.Request)) page {
	v.t.Helper()
	return v.send(http.MethodPost, path, form, change...)
}

func (v *visitor) signIn() *visitor {
	v.t.Helper()
	if p := v.post("/dashboard/signin", url.Values{"password": {opens}}); p.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("signing in: %d %s", p.StatusCode, p.body)
	}
	return v
}

// form is the token of the session's forms, as a page shows it.
func (v *visitor) form() string {
	v.t.Helper()
	found := regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(v.get("/dashboard").body)
	if found == nil {
		v.t.Fatal("the overview has no form")
	}
	return found[1]
}

// session is the cookie's value.
func (v *visitor) session() *http.Cookie {
	v.t.Helper()
	u, _ := url.Parse(v.url)
	for _, c := range v.Jar.Cookies(u) {
		if strings.Contains(c.Name, "session") {
			return c
		}
	}
	v.t.Fatal("there is no session")
	return nil
}

// letterLink is the way to the first dead letter, and how a form names it.
func (v *visitor) letterLink() (path, ref string) {
	v.t.Helper()
	body := v.get("/dashboard/letters").body
	link := regexp.MustCompile(`/dashboard/letters/([0-9a-zA-Z]+)\?at=(\d+)`).FindStringSubmatch(body)
	if link == nil {
		v.t.Fatalf("there is no letter: %s", body)
	}
	return link[0], link[1] + "." + link[2]
}

func TestWithoutAPasswordThereIsNoDashboard(t *testing.T) {
	t.Parallel()
	r := newRig(t, "DASHBOARD_PASSWORD=")
	for _, path := range []string{"/dashboard", "/dashboard/", "/dashboard/signin", "/dashboard/assets/app.css"} {
		if p := r.visitor().get(path); p.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, p.StatusCode)
		}
	}
	if p := r.visitor().get("/"); p.StatusCode != http.StatusOK || !strings.Contains(p.body, "DASHBOARD_PASSWORD") {
		t.Errorf("/ answers %d %s", p.StatusCode, p.body)
	}
}

func TestTheFrontDoorSaysWhatThisIs(t *testing.T) {
	t.Parallel()
	v := newRig(t).visitor()
	if p := v.get("/"); p.StatusCode != http.StatusOK || !strings.Contains(p.body, `href="/dashboard"`) {
		t.Errorf("/ answers %d %s", p.StatusCode, p.body)
	}
	if p := v.get("/favicon.ico"); p.StatusCode != http.StatusOK || p.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("/favicon.ico answers %d %v", p.StatusCode, p.Header)
	}
}

// everyPath is all that can be asked for or changed.
func everyPath() map[string]string {
	return map[string]string{
		"/dashboard": "GET", "/dashboard/": "GET", "/dashboard/activity": "GET", "/dashboard/letters": "GET", "/dashboard/letters/x": "GET",
		"/dashboard/letters/all?verb=drop": "GET", "/dashboard/letters/count?verb=drop": "GET", "/dashboard/syncs": "GET",
		"/dashboard/syncs/x": "GET", "/dashboard/health": "GET", "/dashboard/health/findings": "GET", "/dashboard/live/activity": "GET",
		"/dashboard/payments": "GET", "/dashboard/payments/one?site=x&id=x": "GET", "/dashboard/payments/unmapped": "GET",
		"/dashboard/live/payments": "GET", "/dashboard/live/purchase": "GET", "/dashboard/payments/find": "POST",
		"/dashboard/payments/retry": "POST", "/dashboard/payments/link": "POST",
		"/dashboard/live/overview": "GET", "/dashboard/ping": "GET", "/dashboard/nothing": "GET",
		"/dashboard/signout": "POST", "/dashboard/activity/find": "POST", "/dashboard/letters/find": "POST", "/dashboard/letters/do": "POST",
		"/dashboard/letters/all": "POST", "/dashboard/reveal": "POST", "/dashboard/syncs/plan": "POST", "/dashboard/syncs/start": "POST",
		"/dashboard/syncs/revert": "POST", "/dashboard/syncs/x/stop": "POST", "/dashboard/health/again": "POST",
	}
}

func TestNobodySeesAnythingWithoutSigningIn(t *testing.T) {
	t.Parallel()
	v := newRig(t).visitor()
	for path, method := range everyPath() {
		var form url.Values
		if method == http.MethodPost {
			form = url.Values{}
		}
		p := v.send(method, path, form)
		if p.StatusCode != http.StatusSeeOther && p.StatusCode != http.StatusUnauthorized || strings.Contains(p.body, siteName) {
			t.Errorf("%s %s answers %d %s", method, path, p.StatusCode, p.body)
		}
	}
	if p := v.get("/dashboard/letters?site=x"); p.Header.Get("Location") != "/dashboard/signin?next=%2Fdashboard%2Fletters%3Fsite%3Dx" {
		t.Errorf("it leads to %s", p.Header.Get("Location"))
	}
}

func TestEveryAnswerForbidsWhatAPageDoesNotNeed(t *testing.T) {
	t.Parallel()
	v := newRig(t).visitor()
	v.signIn()
	for _, path := range []string{"/dashboard", "/dashboard/letters", "/dashboard/nothing", "/dashboard/signin"} {
		h := v.get(path).Header
		policy := h.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	body := v.get("/dashboard").body
	for _, inline := range []string{"<style", " style=", "onclick", "javascript:", "http://", "https://"} {
		if strings.Contains(body, inline) {
			t.Errorf("the overview has %q", inline)
		}
	}
}

func TestACookieIsForThisHostAndNoScript(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for proto, want := range map[string]string{"": "ghostcm_session", "https": "__Host-ghostcm_session"} {
		p := r.visitor().post("/dashboard/signin", url.Values{"password": {opens}}, func(req *http.Request) {
			if proto != "" {
				req.Header.Set("X-Forwarded-Proto", proto) // of a trusted proxy
			}
		})
		cookies := p.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%q: cookies %v", proto, cookies)
		}
		c := cookies[0]
		if c.Name != want || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure != (proto == "https") || c.Path != "/" || c.Domain != "" {
			t.Errorf("%q: cookie %+v", proto, c)
		}
	}
}

func TestASessionIsOverAfterSigningOut(t *testing.T) {
	t.Parallel()
	v := newRig(t).visitor().signIn()
	stolen := v.session()
	if p := v.get("/dashboard"); p.StatusCode != http.StatusOK {
		t.Fatalf("the overview answers %d", p.StatusCode)
	}
	if p := v.post("/dashboard/signout", url.Values{"form": {v.form()}}); p.StatusCode != http.StatusSeeOther {
		t.Fatalf("signing out: %d", p.StatusCode)
	}
	thief := v.visitor()
	with := func(req *http.Request) { req.AddCookie(stolen) }
	for path := range map[string]bool{"/dashboard": true, "/dashboard/letters": true, "/dashboard/live/overview": true} {
		if p := thief.get(path, with); p.StatusCode == http.StatusOK {
			t.Errorf("%s answers a cookie of a session that is over", path)
		}
	}
}

func TestAnotherPasswordEndsAllSessions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visitor().signIn()
	r.reload("DASHBOARD_PASSWORD=another one that opens")
	if p := v.get("/dashboard"); p.StatusCode != http.StatusSeeOther {
		t.Errorf("a session of the old password answers %d", p.StatusCode)
	}
	if p := v.post("/dashboard/signin", url.Values{"password": {opens}}); p.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old password answers %d", p.StatusCode)
	}
}

func TestASessionHoldsOverProcesses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visitor().signIn()
	other := r.another()
	v.url = other
	if p := v.get("/dashboard", func(req *http.Request) { req.AddCookie(v.session()) }); p.StatusCode != http.StatusOK {
		t.Errorf("another process answers %d", p.StatusCode)
	}
}

// A change needs a form that was made for this session, from this site.
func TestNoOtherSiteCanChangeAnything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fails("tove@example.org", "Tove Lind")
	v := r.visitor().signIn()
	_, ref := v.letterLink()
	old := r.visitor().signIn()
	oldForm := old.form()
	good := v.form()
	cross := func(name, value string) func(*http.Request) {
		return func(req *http.Request) { req.Header.Del("Sec-Fetch-Site"); req.Header.Set(name, value) }
	}
	for name, tt := range map[string]struct {
		form   string
		change func(*http.Request)
	}{
		"no token":                 {"", nil},
		"another session's token":  {oldForm, nil},
		"a token cut short":        {good[:20], nil},
		"another site's form":      {good, cross("Sec-Fetch-Site", "cross-site")},
		"a sibling's form":         {good, cross("Sec-Fetch-Site", "same-site")},
		"another origin":           {good, cross("Origin", "https://evil.example")},
		"no origin that is known":  {good, cross("Origin", "null")},
		"a token in the URL alone": {"", func(req *http.Request) { req.URL.RawQuery = "form=" + good }},
	} {
		for path, method := range everyPath() {
			if method != http.MethodPost {
				continue
			}
			form := url.Values{"form": {tt.form}, "ref": {ref}, "verb": {"drop"}, "password": {opens}, "site": {siteName}}
			change := tt.change
			if change == nil {
				change = func(*http.Request) {}
			}
			if p := v.post(path, form, change); p.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %s answers %d", name, path, p.StatusCode)
			}
		}
	}
	if r.dead() != 1 {
		t.Errorf("%d dead letters are left", r.dead())
	}
	if p := v.get("/dashboard"); p.StatusCode != http.StatusOK {
		t.Errorf("the session answers %d by now", p.StatusCode)
	}
}

func TestAFormOfASessionThatIsOverChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fails("tove@example.org", "Tove Lind")
	v := r.visitor().signIn()
	_, ref := v.letterLink()
	form := url.Values{"form": {v.form()}, "ref": {ref}, "verb": {"replay"}}
	v.post("/dashboard/signout", url.Values{"form": form["form"]})
	if p := v.post("/dashboard/letters/do", form); p.StatusCode != http.StatusSeeOther || !strings.Contains(p.Header.Get("Location"), "/signin") {
		t.Errorf("without a session it answers %d %s", p.StatusCode, p.Header.Get("Location"))
	}
	v.signIn()
	if p := v.post("/dashboard/letters/do", form); p.StatusCode != http.StatusForbidden {
		t.Errorf("with the next session it answers %d", p.StatusCode)
	}
	if r.dead() != 1 {
		t.Error("the letter is gone")
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visitor()
	limited := false
	for range 30 {
		p := v.post("/dashboard/signin", url.Values{"password": {"not the password"}})
		if p.StatusCode == http.StatusTooManyRequests {
			limited = true
			if p.Header.Get("Retry-After") == "" {
				t.Error("it does not say for how long")
			}
			break
		}
		if p.StatusCode != http.StatusUnauthorized {
			t.Fatalf("a wrong password answers %d", p.StatusCode)
		}
	}
	if !limited {
		t.Fatal("thirty attempts are let in")
	}
	if p := v.post("/dashboard/signin", url.Values{"password": {opens}}); p.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the password itself answers %d then", p.StatusCode)
	}
	if p := v.get("/dashboard", func(req *http.Request) { req.SetBasicAuth("admin", opens) }); p.StatusCode != http.StatusUnauthorized {
		t.Errorf("by Basic it answers %d", p.StatusCode)
	}
}

func TestNoHeaderAndNoPlaceCanBeInjected(t *testing.T) {
	t.Parallel()
	v := newRig(t).visitor()
	for _, next := range []string{
		"https://evil.example", "//evil.example", "/\\evil.example", "/dashboard\r\nSet-Cookie: a=b", "javascript:alert(1)", "/dashboard/../../x",
		"/webhook/ghost/x", "/dashboard//evil.example", "\x00", "/dashboardx",
	} {
		p := v.post("/dashboard/signin", url.Values{"password": {opens}, "next": {next}})
		if to := p.Header.Get("Location"); to != "/dashboard" || len(p.Header["Set-Cookie"]) != 1 {
			t.Errorf("%q leads to %q, cookies %q", next, to, p.Header["Set-Cookie"])
		}
		v = v.visitor()
		v.header.Set("X-Forwarded-For", "198.51.100."+string(rune('0'+len(next)%10))) // each a client of its own
	}
}

func TestToolsReadByBasicAndChangeWithTheirHeader(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fails("tove@example.org", "Tove Lind")
	_, ref := r.visitor().signIn().letterLink()
	v := r.visitor()
	as := func(user, typed string) func(*http.Request) {
		return func(req *http.Request) { req.SetBasicAuth(user, typed); req.Header.Del("Sec-Fetch-Site") }
	}
	for _, wrong := range [][2]string{{"admin", "wrong password"}, {"root", opens}, {"", opens}} {
		if p := v.get("/dashboard", as(wrong[0], wrong[1])); p.StatusCode != http.StatusUnauthorized || p.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%v answers %d", wrong, p.StatusCode)
		}
	}
	for range 20 { // more often than attempts are let in
		if p := v.get("/dashboard", as("admin", opens)); p.StatusCode != http.StatusOK {
			t.Fatalf("the password answers %d", p.StatusCode)
		}
	}
	form := url.Values{"ref": {ref}, "verb": {"replay"}}
	if p := v.post("/dashboard/letters/do", form, as("admin", opens)); p.StatusCode != http.StatusForbidden {
		t.Errorf("a change without the header answers %d", p.StatusCode)
	}
	tool := func(req *http.Request) { as("admin", opens)(req); req.Header.Set("Ghostcm-Tool", "test") }
	if p := v.post("/dashboard/letters/do", form, tool); p.StatusCode != http.StatusSeeOther {
		t.Errorf("a change with it answers %d %s", p.StatusCode, p.body)
	}
	r.eventually("the letter is replayed", func() string {
		if !r.onList("tove@example.org") {
			return "she is not on the list"
		}
		return ""
	})
}

func TestHostileTextIsShownAsText(t *testing.T) {
	t.Parallel()
	v := newRig(t).visitor().signIn()
	for _, path := range []string{
		"/dashboard/activity?whose=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/dashboard/letters?reason=%3Cscript%3Ealert(1)%3C%2Fscript%3E&from=%22%3E%3Cb%3E",
		"/dashboard/letters?did=%3Cscript%3E&n=1", "/dashboard/letters/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/dashboard/%3Cscript%3Ealert(1)",
		"/dashboard/payments?state=%22%3E%3Cb%3E&whose=%3Cscript%3Ealert(1)%3C/script%3E&site=%3Cscript%3Ealert(1)", "/dashboard/payments?did=%3Cscript%3E&n=1",
		"/dashboard/payments/one?site=mainblog&id=%3Cscript%3Ealert(1)%3C/script%3E",
		"/dashboard/syncs/%22%3E%3Cscript%3E", "/dashboard/letters?did=replay&n=99999999999999999999",
	} {
		if p := v.get(path); strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, `"><b>`) || p.StatusCode >= 500 {
			t.Errorf("%s answers %d %s", path, p.StatusCode, p.body)
		}
	}
}
