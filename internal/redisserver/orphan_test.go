package redisserver_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ghostcm/ghostcm/internal/redisserver"
)

// TestHelperGhostcm is no test: it is the ghostcm that the tests below kill.
func TestHelperGhostcm(t *testing.T) { //nolint:paralleltest // it is a program
	dir := os.Getenv("GHOSTCM_TEST_HELPER_DIR")
	if dir == "" {
		return
	}
	s, err := redisserver.Start(context.Background(), redisserver.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("pid %d\n", pid(t, s))
	select {}
}

func TestNoServerOutlivesAKilledGhostcm(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("platform: only Linux has a death signal; the next Start stops the server")
	}
	requireRedis(t)
	helper, server := startHelper(t, shortDir(t))
	kill(t, helper.Process.Pid, syscall.SIGKILL)
	eventually(t, "the server is dead", func() bool { return syscall.Kill(server, 0) != nil })
}

func TestAServerWithoutGhostcmIsStoppedBeforeAnotherTakesItsFiles(t *testing.T) {
	t.Parallel()
	requireRedis(t)
	dir := shortDir(t)
	orphan := launchOrphan(t, dir)
	s := start(t, redisserver.Options{Dir: dir})
	eventually(t, "the first server is dead", func() bool {
		select {
		case <-orphan.Done():
			return true
		default:
			return false
		}
	})
	if got := ask(t, s, "PING"); got != "+PONG" {
		t.Errorf("PING answers %q", got)
	}
}

// launchOrphan runs a server as one looks whose ghostcm was killed: it holds the
// inherited lock, and nobody holds the owner's.
func launchOrphan(t *testing.T, dir string) *redisserver.Process {
	t.Helper()
	binary, err := redisserver.FindBinary()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "server.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	path := redisserver.SocketPath(dir)
	proc, err := redisserver.Launch(binary, []string{"--port", "0", "--unixsocket", path, "--dir", dir}, t.Output(), lock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = proc.Signal(syscall.SIGKILL)
		<-proc.Done()
	})
	if err := redisserver.WaitReady(t.Context(), path, proc); err != nil {
		t.Fatal(err)
	}
	return proc
}

func startHelper(t *testing.T, dir string) (helper *exec.Cmd, server int) {
	t.Helper()
	helper = exec.Command(os.Args[0], "-test.run=^TestHelperGhostcm$")
	helper.Env = append(os.Environ(), "GHOSTCM_TEST_HELPER_DIR="+dir)
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = helper.Process.Kill()
		_ = helper.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
			if server, err = strconv.Atoi(value); err == nil {
				return helper, server
			}
		}
	}
	t.Fatal("the helper started no server")
	return nil, 0
}
