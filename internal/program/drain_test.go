package program_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// halfSent is a webhook that has arrived but for the second half of its body.
type halfSent struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	rest []byte
}

// sendHalf returns once the webhook's handler reads the body: that is what
// "100 Continue" means.
func (m *machine) sendHalf(d ghosttest.Delivery) *halfSent {
	m.t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+m.port)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	var head bytes.Buffer
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: ghostcm\r\nExpect: 100-continue\r\n", strings.TrimPrefix(d.URL, m.url))
	_ = d.Header.Write(&head)
	head.WriteString("\r\n")
	h := &halfSent{t: m.t, conn: conn, in: bufio.NewReader(conn), rest: d.Body[len(d.Body)/2:]}
	if _, err := conn.Write(head.Bytes()); err != nil {
		m.t.Fatal(err)
	}
	line, err := h.in.ReadString('\n')
	if _, blank := h.in.ReadString('\n'); err != nil || blank != nil || !strings.Contains(line, " 100 ") {
		m.t.Fatalf("the answer to the head is %q, %v", line, err)
	}
	if _, err := conn.Write(d.Body[:len(d.Body)/2]); err != nil {
		m.t.Fatal(err)
	}
	return h
}

// finish sends the rest and returns the status of the answer.
func (h *halfSent) finish() int {
	h.t.Helper()
	if _, err := h.conn.Write(h.rest); err != nil {
		h.t.Fatal(err)
	}
	resp, err := http.ReadResponse(h.in, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// draining starts ghostcm, half sends webhooks of new members, and asks it to end.
func draining(t *testing.T, members int) (*machine, *process, []*halfSent) {
	t.Helper()
	o := rigOptions{noAdmin: true, noProgram: true}
	m := newMachine(newRig(t, o), o)
	site := m.sites[0]
	site.HoldWebhooks(true)
	for i := range members {
		if _, err := site.AddMember(ghosttest.Member{Email: fmt.Sprintf("half.%d@example.org", i)}); err != nil {
			t.Fatal(err)
		}
	}
	p := m.run("serve", "--worker")
	var sent []*halfSent
	for _, d := range site.TakeWebhooks() {
		sent = append(sent, m.sendHalf(d))
	}
	p.signal(syscall.SIGTERM)
	m.logged("server.draining", 1)
	return m, p, sent
}

func TestSIGTERMAnswersWhatIsInFlight(t *testing.T) {
	t.Parallel()
	m, p, sent := draining(t, 5)
	m.eventually("takes nothing new", 5*time.Second, func() string {
		conn, err := net.Dial("tcp", "127.0.0.1:"+m.port)
		if err == nil {
			conn.Close()
			return "it still listens"
		}
		return ""
	})
	for _, h := range sent {
		if status := h.finish(); status != http.StatusAccepted {
			t.Errorf("a webhook that was in flight was answered %d", status)
		}
	}
	p.exits(0, 10*time.Second)
	p = m.run("serve", "--worker")
	m.eventually("settled", 20*time.Second, m.settled)
	if problem := m.agrees(m.sites[0]); problem != "" {
		t.Error(problem)
	}
	p.signal(syscall.SIGINT)
	p.exits(0, 10*time.Second)
	m.clean()
}

func TestASecondSIGTERMEndsAtOnce(t *testing.T) {
	t.Parallel()
	m, p, _ := draining(t, 1)
	m.eventually("ended", 2*time.Second, func() string {
		if p.signal(syscall.SIGTERM); p.living() {
			return "it still drains"
		}
		return ""
	})
	p.exits(-1, time.Second)
}
