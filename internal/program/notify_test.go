package program_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// systemd is the end of NOTIFY_SOCKET that a service manager holds.
type systemd struct {
	machine *machine
	conn    *net.UnixConn

	mu   sync.Mutex
	said []string // messages, in order
}

// supervised lets the machine's processes tell a service manager how they are.
func supervised(m *machine, watchdog time.Duration) *systemd {
	m.t.Helper()
	dir, err := os.MkdirTemp("", "notify") // a socket's path is short
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	s := &systemd{machine: m}
	if s.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"}); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { s.conn.Close() })
	go s.listen()
	m.env = append(m.env, "NOTIFY_SOCKET="+path)
	if watchdog > 0 {
		m.env = append(m.env, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	}
	return s
}

func (s *systemd) listen() {
	for buf := make([]byte, 4096); ; {
		n, err := s.conn.Read(buf)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.said = append(s.said, string(buf[:n]))
		s.mu.Unlock()
	}
}

// count says how many messages hold the text.
func (s *systemd) count(text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, message := range s.said {
		if strings.Contains(message, text) {
			n++
		}
	}
	return n
}

func (s *systemd) hears(text string, times int) {
	s.machine.t.Helper()
	s.machine.eventually("systemd hears "+text, 20*time.Second, func() string {
		if n := s.count(text); n < times {
			return fmt.Sprintf("%d times only", n)
		}
		return ""
	})
}

func TestTheServiceManagerHearsOfStartWatchAndEnd(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "serve --worker", "worker --metrics-address 127.0.0.1:"} {
		t.Run(strings.Fields(command)[0]+fmt.Sprint(len(command)), func(t *testing.T) {
			t.Parallel()
			o := rigOptions{noAdmin: true, noProgram: true}
			m := newMachine(newRig(t, o), o)
			manager := supervised(m, 3*time.Second)
			if strings.HasSuffix(command, ":") {
				command += m.port
			}
			p := m.run(strings.Fields(command)...)
			manager.hears("READY=1\nSTATUS=", 1)
			manager.hears("WATCHDOG=1", 3)
			p.signal(syscall.SIGTERM)
			p.exits(0, 20*time.Second)
			manager.hears("STOPPING=1", 1)
		})
	}
}

// A restart would not bring Redis back: a process that waits for it moves.
func TestTheWatchdogIsFedWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	o := rigOptions{noAdmin: true, noProgram: true}
	r := newRig(t, o)
	r.redis = "redis://127.0.0.1:1"
	m := newMachine(r, o)
	manager := supervised(m, 3*time.Second)
	p := m.start("serve", "--worker")
	manager.hears("READY=1", 1)
	manager.hears("WATCHDOG=1", 3)
	p.signal(syscall.SIGTERM)
	p.exits(0, 20*time.Second)
}

func TestAProcessThatEndsBeforeItIsReadyNeverSaysThatItIs(t *testing.T) {
	t.Parallel()
	o := rigOptions{noAdmin: true, noProgram: true}
	m := newMachine(newRig(t, o), o)
	manager := supervised(m, 0)
	blocked, err := net.Listen("tcp", "127.0.0.1:"+m.port)
	if err != nil {
		t.Fatal(err)
	}
	defer blocked.Close()
	p := m.start("serve")
	p.exits(1, 10*time.Second)
	if n := manager.count("READY=1"); n > 0 {
		t.Error("it said that it is ready")
	}
}
