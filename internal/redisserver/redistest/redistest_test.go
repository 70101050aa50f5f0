package redistest_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

func TestAServerAnswersOnItsURL(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t)
	socket, ok := strings.CutPrefix(url, "unix://")
	if !ok {
		t.Fatalf("URL = %q, want a unix socket", url)
	}
	if got := command(t, socket, "SET", "k", "v"); got != "+OK" {
		t.Errorf("SET answers %q", got)
	}
}

func TestWithAOFAWriteSurvivesAKill(t *testing.T) {
	t.Parallel()
	s := redistest.New(t, redistest.AOF())
	command(t, s.Socket(), "SET", "k", "v")
	s.Kill()
	s.Restart()
	if got := command(t, s.Socket(), "EXISTS", "k"); got != ":1" {
		t.Errorf("EXISTS after the kill answers %q", got)
	}
}

func TestAFrozenServerAnswersOnlyAfterTheThaw(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	conn := dial(t, s.Socket())
	s.Freeze()
	fmt.Fprint(conn, "PING\r\n")
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err == nil {
		t.Errorf("a frozen server answers %q", line)
	}
	s.Thaw()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if line, err := r.ReadString('\n'); line != "+PONG\r\n" {
		t.Errorf("after the thaw: %q, %v", line, err)
	}
}

func TestNothingIsLeftAfterTheTest(t *testing.T) {
	t.Parallel()
	var dir, socket string
	t.Run("inner", func(t *testing.T) {
		s := redistest.New(t)
		dir, socket = s.Dir(), s.Socket()
	})
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
	if conn, err := net.Dial("unix", socket); err == nil {
		conn.Close()
		t.Error("the server still listens")
	}
}

func command(t *testing.T, socket string, words ...string) string {
	t.Helper()
	conn := dial(t, socket)
	fmt.Fprint(conn, strings.Join(words, " ")+"\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %v", words, err)
	}
	return strings.TrimSpace(line)
}

func dial(t *testing.T, socket string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}
