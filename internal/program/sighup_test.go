package program_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

// postSigned sends a webhook of a new or edited member, signed with a secret.
func (m *machine) postSigned(client *http.Client, site *publication, secret string, body []byte) (int, error) {
	req, err := http.NewRequest(http.MethodPost, m.url+"/webhook/ghost/"+site.name+"?event=member.edited", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Ghost-Signature", ghost.Sign(body, []byte(secret), time.Now()))
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	return resp.StatusCode, nil
}

// aMember is the body of a webhook.
func aMember(n int) []byte {
	return fmt.Appendf(nil, `{"member":{"current":{"id":"%024d","email":"m%d@example.org","status":"free"},"previous":{}}}`, n, n)
}

// inFiles is a machine whose settings of sites are in .env, where a running
// process can find others, and not in its environment, where it cannot.
func inFiles(t *testing.T, o rigOptions) (*machine, []string) {
	t.Helper()
	o.noProgram, o.noAdmin = true, true
	m := newMachine(newRig(t, o), o)
	var file []string
	m.env = slices.DeleteFunc(m.env, func(setting string) bool {
		ofSite := strings.HasPrefix(setting, "SITE")
		if ofSite || strings.HasPrefix(setting, "LOG_LEVEL") {
			file = append(file, setting)
		}
		return ofSite || strings.HasPrefix(setting, "LOG_LEVEL")
	})
	m.write(file)
	return m, file
}

func (m *machine) write(settings []string) {
	m.t.Helper()
	path := filepath.Join(m.dir, ".env")
	if err := os.WriteFile(path+".new", []byte(strings.Join(settings, "\n")+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		m.t.Fatal(err)
	}
}

// reloads sends SIGHUP and waits until the process has taken it in.
func (p *process) reloads(event string) {
	p.machine.t.Helper()
	before := strings.Count(p.machine.log.String(), `"msg":"`+event+`"`)
	p.signal(syscall.SIGHUP)
	p.machine.logged(event, before+1)
}

func TestSIGHUPChangesASecretWithoutDroppingARequest(t *testing.T) {
	t.Parallel()
	m, settings := inFiles(t, rigOptions{})
	site := m.sites[0]
	const next = "the-next-secret-of-the-tests"
	with := func(secrets string) []string {
		return append(slices.Clone(settings), "SITE1_GHOST_WEBHOOK_SECRET="+secrets)
	}
	settings = slices.DeleteFunc(settings, func(s string) bool { return strings.Contains(s, "SECRET") })
	m.write(with(secret))
	p := m.run("serve", "--worker")

	var sending sync.WaitGroup
	stop := make(chan struct{})
	inUse := make(chan string, 1)
	inUse <- secret
	for sender := range 3 {
		sending.Go(func() {
			for n := sender * 100000; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				now := <-inUse
				inUse <- now
				if status, err := m.postSigned(http.DefaultClient, site, now, aMember(n)); status != http.StatusAccepted {
					t.Errorf("webhook %d: %d, %v", n, status, err)
					return
				}
			}
		})
	}
	for range 3 { // as the README says: both, then the new one, then without the old one
		m.write(with(next + "," + secret))
		p.reloads("config.reloaded")
		<-inUse
		inUse <- next
		p.reloads("config.reloaded")
		<-inUse
		inUse <- secret
	}
	close(stop)
	sending.Wait()
	m.write(with(next))
	p.reloads("config.reloaded")
	if status, _ := m.postSigned(http.DefaultClient, site, secret, aMember(999999)); status != http.StatusUnauthorized {
		t.Errorf("the old secret is answered %d", status)
	}
	if status, _ := m.postSigned(http.DefaultClient, site, next, aMember(999998)); status != http.StatusAccepted {
		t.Errorf("the new secret is answered %d", status)
	}
	m.eventually("settled", 60*time.Second, m.settled)
	m.clean()
	p.signal(syscall.SIGTERM)
	p.exits(0, 20*time.Second)
}

func TestSIGHUPBringsASiteAndTakesOneAway(t *testing.T) {
	t.Parallel()
	m, settings := inFiles(t, rigOptions{sites: 2})
	only := func(prefix string) []string {
		return slices.DeleteFunc(slices.Clone(settings), func(s string) bool { return !strings.HasPrefix(s, prefix) })
	}
	m.write(only("SITE1_"))
	p := m.run("serve", "--worker")
	ask := func(site *publication, n int) int {
		status, err := m.postSigned(http.DefaultClient, site, secret, aMember(n))
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	if first, second := ask(m.sites[0], 1), ask(m.sites[1], 2); first != 202 || second != 404 {
		t.Fatalf("before: %d and %d", first, second)
	}
	m.eventually("settled", 20*time.Second, m.settled)
	m.write(only("SITE2_"))
	p.reloads("config.reloaded")
	if first, second := ask(m.sites[0], 3), ask(m.sites[1], 4); first != 404 || second != 202 {
		t.Errorf("after: %d and %d", first, second)
	}
	m.eventually("the new site's member is on its list", 20*time.Second, func() string {
		if _, ok := m.list.Subscriber(m.sites[1].listID, "m4@example.org"); !ok {
			return "not yet"
		}
		return ""
	})
	body := m.scrape()
	if strings.Contains(body, `site="site1"`) || !strings.Contains(body, `ghostcm_site_paused{site="site2"} 0`) {
		t.Errorf("the metrics are of other sites:\n%s", body)
	}
}

func (m *machine) scrape() string {
	m.t.Helper()
	resp, err := http.Get(m.url + "/metrics")
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		m.t.Fatal(err)
	}
	return body.String()
}

func TestSIGHUPKeepsTheOldConfigurationWhenTheNewOneIsWrong(t *testing.T) {
	t.Parallel()
	m, settings := inFiles(t, rigOptions{})
	manager := supervised(m, 0)
	p := m.run("serve", "--worker")
	manager.hears("READY=1", 1)
	m.write(append(slices.Clone(settings), "SITE1_CM_LIST_ID=wrong", "WORKER_CONCURRENCY=many"))
	p.reloads("config.unchanged")
	manager.hears("RELOADING=1\nMONOTONIC_USEC=", 1)
	manager.hears("READY=1", 2)
	for _, key := range []string{"SITE1_CM_LIST_ID", "WORKER_CONCURRENCY"} {
		if !strings.Contains(m.log.String(), `"msg":"config.refused","key":"`+key+`"`) {
			t.Errorf("the log does not say that %s is wrong", key)
		}
	}
	if status, err := m.postSigned(http.DefaultClient, m.sites[0], secret, aMember(1)); status != http.StatusAccepted {
		t.Errorf("answered %d, %v", status, err)
	}
	m.eventually("settled", 20*time.Second, m.settled)
	if _, ok := m.list.Subscriber(m.sites[0].listID, "m1@example.org"); !ok {
		t.Error("the member is not on the list")
	}
}

func TestSIGHUPSaysWhatNeedsARestartAndChangesTheLogsLevel(t *testing.T) {
	t.Parallel()
	m, settings := inFiles(t, rigOptions{})
	m.env = slices.DeleteFunc(m.env, func(s string) bool {
		return strings.HasPrefix(s, "REDIS_URL") || strings.HasPrefix(s, "PORT=")
	})
	fixed := []string{"REDIS_URL=" + m.redis, "PORT=" + m.port}
	m.write(append(slices.Clone(settings), append(fixed, "LOG_LEVEL=warn")...))
	p := m.run("worker", "--metrics-address", "127.0.0.1:"+m.port)
	m.write(append(slices.Clone(settings), "REDIS_URL=redis://elsewhere.invalid", "PORT=4", "LOG_LEVEL=debug"))
	p.reloads("config.reloaded") // at level info
	for _, key := range []string{"REDIS_URL", "PORT"} {
		if !strings.Contains(m.log.String(), `"msg":"config.needs_restart","key":"`+key+`"`) {
			t.Errorf("the log does not say that %s needs a restart", key)
		}
	}
	m.takesWebhooks() // which it asks Redis for
	if strings.Contains(m.log.String(), "elsewhere") {
		t.Error("the log holds the URL of Redis")
	}
}
