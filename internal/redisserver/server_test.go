package redisserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/redisserver"
)

func TestAnAcknowledgedWriteSurvivesAKillOfTheServer(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	s := start(t, redisserver.Options{Dir: dir, MinBackoff: time.Millisecond})
	if got := ask(t, s, "SET k v"); got != "+OK" {
		t.Fatalf("SET answers %q", got)
	}
	// The last second may be lost when the machine dies; when the server does,
	// the kernel has what it wrote.
	before := pid(t, s)
	kill(t, before, syscall.SIGKILL)

	eventually(t, "a new server answers", func() bool {
		answer, err := tryAsk(s, "EXISTS k")
		return err == nil && answer == ":1"
	})
	if pid(t, s) == before {
		t.Error("the server was not killed")
	}
}

func TestDataSurvivesStopAndStart(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	s := start(t, redisserver.Options{Dir: dir})
	ask(t, s, "SET k v")
	stop(t, s)
	s = start(t, redisserver.Options{Dir: dir})
	if got := ask(t, s, "EXISTS k"); got != ":1" {
		t.Errorf("EXISTS answers %q", got)
	}
}

func TestStopLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	s := start(t, redisserver.Options{Dir: shortDir(t)})
	id := pid(t, s)
	stop(t, s)
	if err := syscall.Kill(id, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server still runs: %v", err)
	}
	if _, err := os.Stat(socket(s)); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	stop(t, s)
}

func TestAServerThatDoesNotEndIsKilledAtTheBound(t *testing.T) {
	t.Parallel()
	s := start(t, redisserver.Options{Dir: shortDir(t), StopTimeout: 50 * time.Millisecond})
	id := pid(t, s)
	kill(t, id, syscall.SIGSTOP)
	if err := s.Stop(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Stop = %v, want that it had to kill", err)
	}
	if err := syscall.Kill(id, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server still runs: %v", err)
	}
}

func TestOnlyTheOwnerCanReadTheData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shortDir(t), "redis")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, redisserver.Options{Dir: dir})
	ask(t, s, "SET k v")
	files := 0
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		files++
		if open := info.Mode().Perm() & 0o077; open != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("saw %d files, %v", files, err)
	}
}

func TestASecondGhostcmIsToldWhoIsThere(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	start(t, redisserver.Options{Dir: dir})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := redisserver.Start(ctx, redisserver.Options{Dir: dir})
	if !errors.Is(err, redisserver.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Start = %v, want ErrInUse with the directory", err)
	}
}

func TestALongDirectoryGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	s := start(t, redisserver.Options{Dir: dir})
	if path := socket(s); len(path) > 100 {
		t.Errorf("the socket's path has %d bytes", len(path))
	}
	if url, err := redisserver.URL(dir); err != nil || url != s.URL() {
		t.Errorf("URL(dir) = %q, %v, want %q", url, err, s.URL())
	}
	stop(t, s)
	if _, err := os.Stat(filepath.Dir(socket(s))); !os.IsNotExist(err) {
		t.Errorf("the short directory is still there: %v", err)
	}
}

func TestAFailedStartSaysWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	if err := os.WriteFile(filepath.Join(dir, "appendonlydir"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := redisserver.Start(t.Context(), redisserver.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "append") {
		t.Errorf("Start = %v, want the server's own words", err)
	}
	if err := os.Remove(filepath.Join(dir, "appendonlydir")); err != nil {
		t.Fatal(err)
	}
	start(t, redisserver.Options{Dir: dir}) // the failure held no lock back
}

func TestTheServerKnowsNoneOfOurSecrets(t *testing.T) {
	t.Setenv("CM_API_KEY", "a-secret")
	var printed strings.Builder
	// redis-server writes its title over its environment, so another program tells.
	proc, err := redisserver.Launch("/usr/bin/env", nil, &printed)
	if err != nil {
		t.Fatal(err)
	}
	<-proc.Done()
	if got := printed.String(); proc.Err() != nil || !strings.Contains(got, "PATH=") || strings.Contains(got, "a-secret") {
		t.Errorf("it is told more than PATH, or nothing: %d bytes, %v", len(got), proc.Err()) // its text may hold real secrets
	}
}

func start(t *testing.T, opts redisserver.Options) *redisserver.Server {
	t.Helper()
	requireRedis(t)
	opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := redisserver.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func requireRedis(t *testing.T) {
	t.Helper()
	_, err := redisserver.FindBinary()
	if err != nil && os.Getenv("GHOSTCM_REQUIRE_REDIS") == "1" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
}

func stop(t *testing.T, s *redisserver.Server) {
	t.Helper()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// shortDir is for directories whose socket fits; t.TempDir's names are long.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gcm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func socket(s *redisserver.Server) string { return strings.TrimPrefix(s.URL(), "unix://") }

func ask(t *testing.T, s *redisserver.Server, command string) string {
	t.Helper()
	answer, err := tryAsk(s, command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return answer
}

func tryAsk(s *redisserver.Server, command string) (string, error) {
	conn, err := net.Dial("unix", socket(s))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	fmt.Fprint(conn, command+"\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}

func pid(t *testing.T, s *redisserver.Server) int {
	t.Helper()
	conn, err := net.Dial("unix", socket(s))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(conn, "INFO server\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "process_id:"); ok {
			id, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
	}
	t.Fatal("INFO has no process_id")
	return 0
}

func kill(t *testing.T, id int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(id, sig); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s it still does not hold that %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
