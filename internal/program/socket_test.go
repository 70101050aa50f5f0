package program_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// activated starts ghostcm with the socket of a .socket unit, as systemd does:
// as descriptor 3, for the process id that is then ghostcm's.
func (m *machine) activated(sockets []*os.File, args ...string) *process {
	m.t.Helper()
	path, err := binary()
	if err != nil {
		m.t.Fatal(err)
	}
	script := fmt.Sprintf(`LISTEN_PID=$$ LISTEN_FDS=%d exec "$0" "$@"`, len(sockets))
	p := &process{machine: m, cmd: exec.Command("/bin/sh", append([]string{"-c", script, path}, args...)...)}
	p.cmd.ExtraFiles = sockets
	p.launch()
	return p
}

// socketUnit holds the address of a machine, as a .socket unit does.
func socketUnit(m *machine) *os.File {
	m.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:"+m.port)
	if err != nil {
		m.t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { file.Close() })
	return file
}

func TestARestartWithASocketUnitRefusesNoWebhook(t *testing.T) {
	t.Parallel()
	o := rigOptions{noAdmin: true, noProgram: true}
	m := newMachine(newRig(t, o), o)
	m.env = append(m.env, "HOST=192.0.2.1") // the socket is used instead
	site := m.sites[0]
	site.HoldWebhooks(true)
	socket := []*os.File{socketUnit(m)}
	p := m.activated(socket, "serve", "--worker")
	m.takesWebhooks()

	var sending sync.WaitGroup
	var taken atomic.Int64
	stop := make(chan struct{})
	for sender := range 4 {
		sending.Go(func() {
			// A connection each, as Ghost makes them.
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				body := fmt.Appendf(nil, `{"member":{"current":{"id":"%012d%012d","email":"s%d.%d@example.org","status":"free"},"previous":{}}}`,
					sender, n, sender, n)
				if status, err := m.postSigned(&client, site, secret, body); status != http.StatusAccepted {
					t.Errorf("webhook %d of %d: %d, %v", n, sender, status, err)
					return
				}
				taken.Add(1)
			}
		})
	}
	for range 3 {
		enough := taken.Load() + 20
		m.eventually("webhooks come in", 20*time.Second, func() string {
			if n := taken.Load(); n < enough {
				return fmt.Sprintf("%d of %d", n, enough)
			}
			return ""
		})
		p.signal(syscall.SIGTERM)
		p.exits(0, 20*time.Second)
		p = m.activated(socket, "serve", "--worker")
	}
	m.takesWebhooks()
	close(stop)
	sending.Wait()
	m.logged("server.socket_inherited", 4)
	m.eventually("settled", 60*time.Second, m.settled)
	if n := int64(len(m.list.Subscribers(site.listID))); n != taken.Load() {
		t.Errorf("%d subscribers of %d webhooks", n, taken.Load())
	}
}

func TestSocketsThatCannotBeServedOnAreRefusedInOneLine(t *testing.T) {
	t.Parallel()
	o := rigOptions{noAdmin: true, noProgram: true}
	m := newMachine(newRig(t, o), o)
	datagrams, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	udp, err := datagrams.File()
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	socket := socketUnit(m)
	for want, sockets := range map[string][]*os.File{
		"use ListenStream= in the .socket unit":          {udp},
		"systemd has passed 2 sockets; give ghostcm one": {socket, socket},
	} {
		m.activated(sockets, "serve").exits(1, 10*time.Second)
		if !strings.Contains(m.log.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, tail(m.log.String()))
		}
	}
}

// Descriptors are only for the process that they were meant for.
func TestASocketForAnotherProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	o := rigOptions{noAdmin: true, noProgram: true}
	m := newMachine(newRig(t, o), o)
	m.env = append(m.env, "LISTEN_PID=1", "LISTEN_FDS=1")
	m.run("serve")
	if strings.Contains(m.log.String(), "server.socket_inherited") {
		t.Error("it took a socket that was not its own")
	}
}
