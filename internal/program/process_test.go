package program_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/program/programtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	programtest.Remove()
	os.Exit(code)
}

var built programtest.Binary

// binary builds ghostcm once for all tests of the run, and returns its path.
func binary() (string, error) { return built.Path() }

// machine is where ghostcm processes of a test run, one after the other: always
// with the same settings, port and directories.
type machine struct {
	*rig
	env  []string
	dir  string
	port string
}

// newMachine points the rig's Ghosts at a port where nothing listens yet.
func newMachine(r *rig, o rigOptions) *machine {
	r.t.Helper()
	m := &machine{rig: r, dir: r.t.TempDir(), port: freePort(r.t)}
	m.env = append(r.environ(o), "PORT="+m.port, "LOG_LEVEL=debug", "HOME="+m.dir, "PATH="+os.Getenv("PATH"), "GORACE=halt_on_error=1")
	r.url = "http://127.0.0.1:" + m.port
	r.pointGhosts()
	return m
}

func freePort(t testing.TB) string {
	t.Helper()
	port, err := programtest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// process is one running ghostcm.
type process struct {
	machine *machine
	cmd     *exec.Cmd
	stdout  bytes.Buffer
	*programtest.Process
}

// run starts ghostcm and waits until it takes webhooks. The test's end kills it.
func (m *machine) run(args ...string) *process {
	m.t.Helper()
	p := m.start(args...)
	m.takesWebhooks()
	return p
}

// start starts ghostcm, and waits for nothing.
func (m *machine) start(args ...string) *process {
	m.t.Helper()
	path, err := binary()
	if err != nil {
		m.t.Fatal(err)
	}
	p := &process{machine: m, cmd: exec.Command(path, args...)}
	p.launch()
	return p
}

func (p *process) launch() {
	m := p.machine
	m.t.Helper()
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr, p.cmd.Stdout = m.env, m.dir, m.log, &p.stdout
	var err error
	if p.Process, err = programtest.Start(p.cmd); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(p.kill)
}

func (m *machine) takesWebhooks() {
	m.t.Helper()
	m.eventually("takes webhooks", 20*time.Second, func() string {
		resp, err := http.Get(m.url + "/readyz")
		if err != nil {
			return err.Error()
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return resp.Status
		}
		return ""
	})
}

func (p *process) signal(sig syscall.Signal) { p.Signal(sig) }

// kill ends the process as a crash does.
func (p *process) kill() { p.Kill() }

func (p *process) living() bool { return p.Living() }

// exits fails the test unless the process ends in time with this code, having
// written nothing to stdout.
func (p *process) exits(code int, within time.Duration) {
	p.machine.t.Helper()
	p.ends(code, within)
	if p.stdout.Len() > 0 {
		p.machine.t.Errorf("stdout %q", &p.stdout)
	}
}

// ends fails the test unless the process ends in time with this code, which is
// -1 for one that a signal ended.
func (p *process) ends(code int, within time.Duration) {
	t := p.machine.t
	t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(within):
		t.Fatalf("it still runs after %v\n%s", within, tail(p.machine.log.String()))
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d\n%s", got, code, tail(p.machine.log.String()))
	}
}

// logged waits for an event in the log, and says how often it is there.
func (m *machine) logged(event string, times int) {
	m.t.Helper()
	m.eventually("logs "+event, 20*time.Second, func() string {
		if n := strings.Count(m.log.String(), `"msg":"`+event+`"`); n < times {
			return fmt.Sprintf("%d times only", n)
		}
		return ""
	})
}
