package program_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal opens a pseudo-terminal. Closing the first end is what closing a
// window does to what runs on the second.
func terminal(t *testing.T) (window, tty *os.File) {
	t.Helper()
	window, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("platform: no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { window.Close() })
	var number, unlock int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, window.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatal(errno)
		}
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return window, tty
}

func (m *machine) onTerminal(tty *os.File, args ...string) *process {
	m.t.Helper()
	path, err := binary()
	if err != nil {
		m.t.Fatal(err)
	}
	p := &process{machine: m, cmd: exec.Command(path, args...)}
	p.cmd.Stdin = tty
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.launch()
	m.takesWebhooks()
	return p
}

func TestOnATerminalSIGHUPReloadsUntilTheTerminalIsClosed(t *testing.T) {
	t.Parallel()
	m, _ := inFiles(t, rigOptions{})
	window, tty := terminal(t)
	p := m.onTerminal(tty, "serve")
	p.reloads("config.reloaded")
	tty.Close()
	window.Close()
	p.exits(0, 10*time.Second)
	if !strings.Contains(m.log.String(), "ghostcm.terminal_closed") {
		t.Error("the log does not say why it has ended")
	}
}
