package program_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/program/programtest"
)

// newSyncMachine is a machine where nothing serves, and time is real.
func newSyncMachine(t *testing.T, ghost ghosttest.Options) *machine {
	t.Helper()
	o := rigOptions{noProgram: true, env: []string{quietSchedule}, ghost: ghost}
	m := newMachine(newRig(t, o), o)
	m.env = append(m.env, "LOG_LEVEL=info")
	m.sites[0].Webhooks(func(string) string { return "" }, "")
	return m
}

// says waits for a line on stderr.
func (m *machine) says(line string) {
	m.t.Helper()
	m.eventually("says "+line, 5*time.Second, func() string {
		if !strings.Contains(m.log.String(), line+"\n") {
			return "it does not"
		}
		return ""
	})
}

// synced is what sync --json says of the one site.
type synced struct {
	Runs []struct {
		Resumed  bool           `json:"resumed"`
		Members  int            `json:"members"`
		Counts   map[string]int `json:"counts"`
		Handed   handed         `json:"handed"`
		Failed   int            `json:"failed"`
		ExitCode int            `json:"exit_code"`
	}
}

type handed struct{ Total, Done, Failed, Waiting int }

func (p *process) synced() (doc synced) {
	t := p.machine.t
	t.Helper()
	if err := json.Unmarshal(p.stdout.Bytes(), &doc); err != nil || len(doc.Runs) != 1 {
		t.Fatalf("%v: %s\n%s", err, &p.stdout, tail(p.machine.log.String()))
	}
	return doc
}

// imports waits until so many imports have been sent.
func (m *machine) imports(n int) {
	m.t.Helper()
	m.eventually("is under way", 120*time.Second, func() string {
		if m.list.WriteCount() < n {
			return "it has hardly begun"
		}
		return ""
	})
}

// syncsAgain runs the command until the lock that a killed one left has ended,
// and returns what it says in the end.
func (m *machine) syncsAgain() synced {
	m.t.Helper()
	for began := time.Now(); ; time.Sleep(time.Second) {
		p := m.start("sync", "--json")
		<-p.Ended()
		switch code := p.cmd.ProcessState.ExitCode(); {
		case code == 0:
			return p.synced()
		case code != 75:
			m.t.Fatalf("exit code %d\n%s", code, tail(m.log.String()))
		case time.Since(began) > time.Minute:
			m.t.Fatalf("the lock of the killed sync never ends")
		}
	}
}

func TestASyncThatIsKilledGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the lock of the killed sync has to end")
	}
	n := 100_000
	if programtest.Raced { // which makes both sides ten times slower, and their states no others
		n = 10_000
	}
	m := newSyncMachine(t, ghosttest.Options{})
	site := m.sites[0]
	crowd(t, site, n)
	old := past(m.rig, site, 500)
	began := time.Now()
	killed := m.start("sync")
	m.imports(n / 1000 / 3)
	killed.kill()
	if writes := m.list.WriteCount(); writes >= n/1000*9/10 {
		t.Fatalf("it was killed too late, after %d imports", writes)
	}
	t.Logf("killed after %v and %d imports", time.Since(began), m.list.WriteCount())
	got := m.syncsAgain().Runs[0]
	if !got.Resumed || got.Failed > 0 || got.Members < n {
		t.Errorf("the second run: %+v", got)
	}
	// What the killed one had locked comes free before the site does.
	if got.Handed.Total > 300 {
		t.Errorf("%d members were handed over, one by one", got.Handed.Total)
	}
	t.Logf("through after %v and %d imports: %+v", time.Since(began), m.list.WriteCount(), got)
	if problem := m.standing(site, old); problem != "" {
		t.Error(problem)
	}
	m.clean()
	m.nothingLeft(t, site)
}

func TestCtrlCStopsASyncInGoodOrderAndTheSameCommandGoesOn(t *testing.T) {
	t.Parallel()
	n := 10_000
	m := newSyncMachine(t, ghosttest.Options{Delay: 20 * time.Millisecond})
	site := m.sites[0]
	crowd(t, site, n)

	p := m.start("sync", "--json")
	m.imports(n / 1000 / 5)
	p.signal(syscall.SIGINT)
	p.ends(130, 30*time.Second)
	first := p.synced().Runs[0]
	before := len(m.list.Subscribers(site.listID))
	if first.ExitCode != 130 || first.Counts["add"] != before || before == n {
		t.Errorf("it says %+v, and %d are on the list", first, before)
	}
	m.says("ghostcm: site1: interrupted; run the same command again to resume")

	site.SetDelay(0)
	p = m.start("sync", "--json")
	p.ends(0, 60*time.Second)
	if second := p.synced().Runs[0]; !second.Resumed || second.Counts["add"] != n || second.Members < n || m.list.WriteCount() > n/1000+2 {
		t.Errorf("after %d, with %d imports, it says %+v", before, m.list.WriteCount(), second)
	}
	if problem := m.standing(site, history{}); problem != "" {
		t.Error(problem)
	}
	m.nothingLeft(t, site)
}

// What is on its way to Campaign Monitor is waited for, but not by somebody who
// presses Ctrl-C twice.
func TestASecondCtrlCEndsASyncAtOnce(t *testing.T) {
	t.Parallel()
	m := newSyncMachine(t, ghosttest.Options{Delay: 20 * time.Millisecond})
	site := m.sites[0]
	crowd(t, site, 5_000)
	p := m.start("sync")
	m.imports(1)
	m.list.SetDelay(time.Minute)
	m.eventually("has an import on its way", 30*time.Second, func() string {
		for _, call := range m.list.Requests() {
			if call.Write && call.Status == 0 {
				return ""
			}
		}
		return "all are answered"
	})
	p.signal(syscall.SIGINT)
	for p.living() { // the first one takes a moment to be taken
		time.Sleep(50 * time.Millisecond)
		p.signal(syscall.SIGINT)
	}
	p.ends(-1, 10*time.Second)
}
