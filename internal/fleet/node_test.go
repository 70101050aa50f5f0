package fleet_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/program/programtest"
)

// node is a machine on which one process of ghostcm runs, and is started again
// when it was killed: always with the same settings, port and directories.
type node struct {
	name, role string // serve or worker
	port       string // of a serve
	env        []string
	dir        string
	redis      *wire
	socket     *os.File // of a .socket unit; nil: it listens by itself
	out        *os.File

	mu       sync.Mutex // guards what is done to it
	process  *programtest.Process
	killed   bool // on purpose
	problems []error
}

func newNode(t *testing.T, dir, role string, number int, redis *wire, env []string) *node {
	t.Helper()
	n := &node{name: fmt.Sprintf("%s%d", role, number), role: role, redis: redis}
	n.dir = filepath.Join(dir, n.name)
	if err := os.MkdirAll(filepath.Join(n.dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if n.out, err = os.OpenFile(filepath.Join(n.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600); err != nil {
		t.Fatal(err)
	}
	n.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + n.dir, "STATE_DIR=" + filepath.Join(n.dir, "state"),
		"REDIS_URL=redis://" + redis.Address() + "/0", "LOG_FORMAT=json", "GORACE=halt_on_error=1"}, env...)
	if role == "serve" {
		if n.port, err = programtest.FreePort(); err != nil {
			t.Fatal(err)
		}
		n.env = append(n.env, "PORT="+n.port)
	}
	t.Cleanup(func() {
		n.Kill()
		n.out.Close()
	})
	return n
}

// Start starts the process if none runs.
func (n *node) Start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil && n.process.Living() {
		return nil
	}
	path, err := built.Path()
	if err != nil {
		return err
	}
	cmd := exec.Command(path, n.role)
	if n.socket != nil { // as systemd does: descriptor 3, for the process id that is then ghostcm's
		cmd = exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, path, n.role)
		cmd.ExtraFiles = []*os.File{n.socket}
	}
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = n.env, n.dir, n.out, n.out
	p, err := programtest.Start(cmd)
	if err != nil {
		return err
	}
	n.process, n.killed = p, false
	go n.watch(p)
	return nil
}

// watch notes a process that ends though nobody killed it.
func (n *node) watch(p *programtest.Process) {
	<-p.Ended()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == p && !n.killed {
		n.problems = append(n.problems, fmt.Errorf("%s ended by itself: %v", n.name, p.Cmd.ProcessState))
	}
}

// Kill ends the process as a crash does.
func (n *node) Kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		n.killed = true
		n.process.Kill()
	}
}

// Stop ends the process in good order, and returns when it has.
func (n *node) Stop() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.killed = true
	n.process.Signal(syscall.SIGTERM)
	select {
	case <-n.process.Ended():
	case <-time.After(time.Minute):
		return fmt.Errorf("%s does not end", n.name)
	}
	if code := n.process.Cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with code %d", n.name, code)
	}
	return nil
}

// Freeze stops the process; Thaw lets it go on where it was.
func (n *node) Freeze() { n.signal(syscall.SIGSTOP) }
func (n *node) Thaw()   { n.signal(syscall.SIGCONT) }

func (n *node) signal(sig syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process.Signal(sig)
}

func (n *node) Problem() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(n.problems...)
}

// Ready says why a serve does not take webhooks.
func (n *node) Ready() string {
	if n.role != "serve" {
		return ""
	}
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get("http://127.0.0.1:" + n.port + "/readyz")
	if err != nil {
		return n.name + ": " + err.Error()
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return n.name + ": " + resp.Status
	}
	return ""
}

// CPU is how long the process has computed so far.
func (n *node) CPU() (time.Duration, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.process.Cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	const user, system, ticks = 11, 12, 100 // after the name; a tick is 10 ms
	u, err := strconv.Atoi(fields[user])
	if err != nil {
		return 0, err
	}
	s, err := strconv.Atoi(fields[system])
	return time.Duration(u+s) * time.Second / ticks, err
}

// Log is all that its processes have written.
func (n *node) Log() string {
	text, err := os.ReadFile(n.out.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}
