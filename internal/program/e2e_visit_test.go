//go:build e2e

package program_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// visit is a ghostcm of real processes between a real Ghost, which has nobody yet,
// a real Redis of its own, and the simulated Campaign Monitor.
type visit struct {
	*machine
	ghost       *realGhost
	staff       *staff
	site        *publication
	redis       *redistest.Server
	integration string // id of the custom integration that the visit made
	began       time.Time
}

// newVisit empties the Ghost, and makes a custom integration there as a person does.
// Environment is in addition to what README's set-up has.
func newVisit(t testing.TB, env ...string) *visit {
	t.Helper()
	g := newRealGhost(t)
	away := g.in(outliving{t})
	v := &visit{ghost: g, staff: newStaff(t, g), redis: redistest.New(t, redistest.AOF()), began: time.Now()}
	g.ask(http.MethodDelete, "members/?all=true", nil, nil)
	g.key = v.integrate()
	dir, err := os.MkdirTemp("", "e2e") // short: a socket's path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &rig{t: t, redis: v.redis.URL(), list: cmtest.Run(t, cmtest.Options{}), log: &logBuffer{}}
	v.site = &publication{name: "mainblog", listID: r.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})}
	r.sites = []*publication{v.site}
	v.machine = &machine{rig: r, dir: dir, port: freePort(t)}
	r.url = "http://127.0.0.1:" + v.port
	v.env = append([]string{
		"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=" + r.list.URL(), "REDIS_URL=" + r.redis, "ALLOW_INSECURE_URLS=true", "STATE_DIR=" + dir,
		"CM_RATE_LIMIT=1000", "CM_RATE_BURST=1000", "RECONCILE_INTERVAL=0", "PORT=" + v.port, "LOG_LEVEL=debug", "LOG_FORMAT=json", "HOME=" + dir,
		"PATH=" + os.Getenv("PATH"), "SITE1_NAME=" + v.site.name, "SITE1_GHOST_WEBHOOK_SECRET=" + secret, "SITE1_CM_LIST_ID=" + v.site.listID,
		"SITE1_GHOST_URL=" + g.url, "SITE1_GHOST_ADMIN_API_KEY=" + g.key,
	}, env...)
	t.Cleanup(func() {
		v.staff.in(outliving{t}).ask(http.MethodDelete, "integrations/"+v.integration+"/", nil, nil)
		_, _ = away.call(http.MethodDelete, "members/?all=true", nil)
	})
	return v
}

// integrate makes a custom integration, and returns its Admin API key.
func (v *visit) integrate() string {
	v.ghost.t.Helper()
	var said struct {
		Integrations []struct {
			ID   string
			Keys []struct{ Type, Secret string } `json:"api_keys"`
		}
	}
	name := fmt.Sprintf("visit %d", time.Now().UnixNano())
	v.staff.ask(http.MethodPost, "integrations/?include=api_keys", map[string]any{"integrations": []any{map[string]any{"name": name}}}, &said)
	made := said.Integrations[0]
	v.integration = made.ID
	for _, k := range made.Keys {
		if k.Type == "admin" {
			return k.Secret
		}
	}
	v.ghost.t.Fatal("the integration has no Admin API key")
	return ""
}

// opens starts serve and worker, as two processes, and sets everything up by doctor.
func (v *visit) opens() (serve, worker *process) {
	v.t.Helper()
	serve, worker = v.run("serve"), v.start("worker")
	v.eventually("a worker is there", 5*time.Minute, func() string { return v.shows("/health", `"workers":1`) })
	if out, code := v.command("doctor", v.site.name, "--fix", "--public-url", v.url); code != 0 {
		v.t.Fatalf("doctor --fix ended with %d\n%s", code, out)
	}
	return serve, worker
}

// command runs ghostcm beside the processes, and returns what it printed.
func (v *visit) command(args ...string) (out string, code int) {
	v.t.Helper()
	path, err := binary()
	if err != nil {
		v.t.Fatal(err)
	}
	cmd := exec.CommandContext(v.t.Context(), path, args...)
	cmd.Env, cmd.Dir = v.env, v.dir
	printed, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		v.t.Fatal(err)
	}
	return string(printed), cmd.ProcessState.ExitCode()
}

// everybody is all members, by rising id, in full.
func (g *realGhost) everybody() []held {
	g.t.Helper()
	var all []held
	for last := "000000000000000000000000"; ; {
		var page struct{ Members []held }
		query := url.Values{"limit": {"100"}, "order": {"id asc"}, "include": {"tiers"}, "filter": {"id:>'" + last + "'"}}
		g.ask(http.MethodGet, "members/?"+query.Encode(), nil, &page)
		if len(page.Members) == 0 {
			return all
		}
		all = append(all, page.Members...)
		last = all[len(all)-1].ID
	}
}

// differs says how a member and the list differ, "" if they do not.
func (v *visit) differs(m held) string {
	s, found := v.list.Subscriber(v.site.listID, m.Email)
	if !found {
		return m.Email + " is not on the list"
	}
	labels := make([]string, 0, len(m.Labels))
	for _, l := range m.Labels {
		labels = append(labels, l.Name)
	}
	want := map[string]string{
		"state": "Active", "name": m.Name, "ghost_status": m.Status, "ghost_labels": member.JoinNames(labels),
		"ghost_email_enabled": fmt.Sprint(len(m.Newsletters) > 0),
	}
	for what, value := range want {
		got := s.Fields[what]
		switch what {
		case "state":
			got = s.State
		case "name":
			got = s.Name
		}
		if got != value {
			return fmt.Sprintf("%s: %s is %q, not %q", m.Email, what, got, value)
		}
	}
	return ""
}

// unlike says how Ghost and the list differ, "" if they agree: every member is on
// the list as Ghost has them, and nobody else is active there.
func (v *visit) unlike() string {
	v.t.Helper()
	members := map[string]bool{}
	for _, m := range v.ghost.everybody() {
		members[strings.ToLower(m.Email)] = true
		if problem := v.differs(m); problem != "" {
			return problem
		}
	}
	for _, s := range v.list.Subscribers(v.site.listID) {
		if s.State == "Active" && !members[strings.ToLower(s.Email)] {
			return s.Email + " is active and no member"
		}
	}
	return ""
}

// agree waits until both sides do; it asks seldom, since asking is work for Ghost.
func (v *visit) agree(after string) {
	v.t.Helper()
	began := time.Now()
	for problem := v.unlike(); problem != ""; problem = v.unlike() {
		if time.Since(began) > 10*time.Minute {
			v.t.Fatalf("after %s: %s\n%s", after, problem, tail(v.log.String()))
		}
		time.Sleep(300 * time.Millisecond)
	}
	v.t.Logf("%s: both sides agree after %v", after, time.Since(began).Round(10*time.Millisecond))
}

// staff is the owner, signed in.
type staff struct {
	t      testing.TB
	url    string
	cookie string
}

func newStaff(t testing.TB, g *realGhost) *staff {
	t.Helper()
	s := &staff{t: t, url: g.url}
	email, password, ok := strings.Cut(g.owner, ":")
	if !ok {
		t.Fatal("this needs the owner's address and password in GHOSTCM_TEST_GHOST_OWNER")
	}
	resp := s.send(http.MethodPost, "session/", map[string]any{"username": email, "password": password})
	defer resp.Body.Close()
	i := slices.IndexFunc(resp.Cookies(), func(c *http.Cookie) bool { return c.Name == "ghost-admin-api-session" })
	if i < 0 {
		t.Fatalf("the owner cannot sign in: %s", resp.Status)
	}
	s.cookie = resp.Cookies()[i].Name + "=" + resp.Cookies()[i].Value // as it came: it is signed
	return s
}

// in is the same person for another test.
func (s *staff) in(t testing.TB) *staff { return &staff{t: t, url: s.url, cookie: s.cookie} }

func (s *staff) send(method, path string, body any) *http.Response {
	s.t.Helper()
	var raw []byte
	var err error
	if body != nil { // a body of "null" is refused
		raw, err = json.Marshal(body)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, s.url+"/ghost/api/admin/"+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", s.url)
	r.Header.Set("Cookie", s.cookie)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

func (s *staff) ask(method, path string, body, into any) {
	s.t.Helper()
	resp := s.send(method, path, body)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s was answered %s %s, %v", method, path, resp.Status, answer, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		s.t.Fatal(err)
	}
}

// answered waits until Ghost's own record says that the last webhooks of new and edited
// members were taken; it writes that after the answer.
func (v *visit) answered() {
	v.t.Helper()
	v.eventually("Ghost's own record of its webhooks", time.Minute, func() string {
		if got := v.deliveries(); got["member.added"] != "202 <nil>" || got["member.edited"] != "202 <nil>" {
			return fmt.Sprint(got)
		}
		return ""
	})
}

// deliveries is what Ghost's own record says of the visit's webhooks: of each event
// the status of the last answer, and why there was none.
func (v *visit) deliveries() map[string]string {
	v.t.Helper()
	var said struct {
		Integrations []struct {
			Webhooks []struct {
				Event  string
				Status any `json:"last_triggered_status"`
				Error  any `json:"last_triggered_error"`
			}
		}
	}
	v.staff.ask(http.MethodGet, "integrations/"+v.integration+"/?include=webhooks", nil, &said)
	out := map[string]string{}
	for _, h := range said.Integrations[0].Webhooks {
		out[h.Event] = fmt.Sprint(h.Status, " ", h.Error)
	}
	return out
}
