package program_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/program"
)

// person is whoever reads the receiver of alerts.
type person struct {
	*httptest.Server
	mu   sync.Mutex
	read []message
	raw  strings.Builder
}

type message struct {
	Alert, Status, Site, Text string
	Count                     int
}

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		var m message
		_ = json.Unmarshal(body, &m)
		p.read = append(p.read, m)
		p.raw.Write(body)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *person) messages() []message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.read)
}

// reads waits until the person has read so many messages.
func (r *rig) reads(p *person, n int) []message {
	r.t.Helper()
	r.eventually(fmt.Sprint(n, " messages"), 30*time.Second, func() string {
		if got := p.messages(); len(got) < n {
			return fmt.Sprint(got)
		}
		return ""
	})
	return p.messages()
}

// alerting is a program that sends alerts to the person, beside others.
func (r *rig) alerting(p *person) *program.Program {
	return r.open(rigOptions{noAdmin: true, env: []string{"ALERT_WEBHOOK_URL=" + p.URL + "/hunter2-token"}})
}

// untold is how many dead letters of a site nobody was told of yet.
func (r *rig) untold(site string) (count int, kept string) {
	r.t.Helper()
	all, err := r.Store.Alerts(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	kept = all["dead_letters:"+site]
	var record struct{ Count int }
	_ = json.Unmarshal([]byte(kept), &record)
	return record.Count, kept
}

func TestThreeProcessesTellOfAHundredDeadLettersOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true, noProgram: true})
	reader := newPerson(t)
	r.Program = r.alerting(reader)
	r.start(r.Program)
	for range 2 {
		beside := r.alerting(reader)
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { _ = beside.Work(ctx) })
		t.Cleanup(func() { stop(); running.Wait() })
	}
	site := r.sites[0]
	for i := range 100 {
		if _, err := site.AddMember(ghosttest.Member{Email: fmt.Sprintf("no-at-sign-for-cm-%d@localhost", i)}); err != nil {
			t.Fatal(err)
		}
	}
	// On a loaded machine one may be handed in twice, by way of the spool.
	r.eventually("a hundred are dead", 20*time.Second, func() string {
		if have := len(r.dead()); have < 100 || r.settled() != "" {
			return fmt.Sprintf("%d dead letters, %s", have, r.settled())
		}
		return ""
	})
	all := len(r.dead())
	first := r.reads(reader, 1)[0]
	if first.Alert != "dead_letters" || first.Site != site.name || first.Status != "open" {
		t.Errorf("told %+v", first)
	}
	var rest int
	r.eventually("all hundred are counted", 20*time.Second, func() string {
		if rest, _ = r.untold(site.name); first.Count+rest != all {
			return fmt.Sprintf("%d told and %d to be told", first.Count, rest)
		}
		return ""
	})
	if n := len(reader.messages()); n != 1 {
		t.Errorf("told %d times", n)
	}
	if rest > 0 { // a quarter of an hour later
		_, kept := r.untold(site.name)
		var record map[string]any
		if err := json.Unmarshal([]byte(kept), &record); err != nil {
			t.Fatal(err)
		}
		record["told_at"] = time.Now().Add(-15 * time.Minute)
		earlier, _ := json.Marshal(record)
		if ok, err := r.Store.SwapAlert(t.Context(), "dead_letters:"+site.name, kept, string(earlier)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if second := r.reads(reader, 2)[1]; second.Count != rest {
			t.Errorf("then told %+v, not of %d", second, rest)
		}
	}
	for where, text := range map[string]string{"a message": reader.raw.String(), "the log": r.log.String()} {
		if strings.Contains(text, "no-at-sign-for-cm") || strings.Contains(text, "hunter2-token") {
			t.Errorf("%s has an address, or the receiver's token", where)
		}
	}
}

// That no worker lives, or a site is paused, is told by a server alone too; where
// alerts go may change while it runs.
func TestAServerTellsWhatLastsAndReloadsWhereItGoes(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true, noProgram: true})
	reader, deputy := newPerson(t), newPerson(t)
	p := r.alerting(reader)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = p.Serve(ctx, ln) })
	t.Cleanup(func() { stop(); running.Wait() })
	site := r.sites[0].name
	if _, err := p.Store.Pause(t.Context(), site, "campaignmonitor", "the API key is refused"); err != nil {
		t.Fatal(err)
	}
	want := message{Alert: "paused", Status: "open", Site: site, Count: 1}
	got := r.reads(reader, 1)[0]
	if !strings.Contains(got.Text, "the API key is refused") {
		t.Errorf("the text is %q", got.Text)
	}
	if got.Text = ""; got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	cfg, err := config.Load(config.Options{Dir: t.TempDir(),
		Environ: append(r.environ(rigOptions{noAdmin: true}), "ALERT_WEBHOOK_URL="+deputy.URL)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Store.Succeed(t.Context(), site, "campaignmonitor"); err != nil {
		t.Fatal(err)
	}
	if got := r.reads(deputy, 1)[0]; got.Alert != "paused" || got.Status != "resolved" {
		t.Errorf("told %+v", got)
	}
	if n := len(reader.messages()); n != 1 {
		t.Errorf("%d messages went where alerts went before", n)
	}
}

// What dies last is told, though the process ends with it.
func TestAProcessThatStopsTellsOfItsLastDeadLetters(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true, noProgram: true})
	reader := newPerson(t)
	r.Program = r.alerting(reader)
	r.start(r.Program)
	if _, err := r.sites[0].AddMember(ghosttest.Member{Email: refusing}); err != nil {
		t.Fatal(err)
	}
	r.dies(1)
	r.stop()
	if got := reader.messages(); len(got) != 1 || got[0].Count != 1 {
		t.Errorf("told %+v", got)
	}
}

func TestAWorkingProcessPingsItsMonitor(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true, noProgram: true})
	pinged := make(chan string, 100)
	monitor := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		pinged <- req.Method + " " + req.URL.Path
	}))
	t.Cleanup(monitor.Close)
	r.start(r.open(rigOptions{noAdmin: true, env: []string{"HEARTBEAT_URL=" + monitor.URL + "/uuid"}}))
	select {
	case ping := <-pinged:
		if ping != "GET /uuid" {
			t.Errorf("asked for %s", ping)
		}
	case <-time.After(time.Minute):
		t.Error("no ping came")
	}
	if mine, err := r.Store.ClaimHeartbeat(t.Context(), time.Minute); mine || err != nil {
		t.Errorf("another process would ping in the same minute: %t, %v", mine, err)
	}
}
