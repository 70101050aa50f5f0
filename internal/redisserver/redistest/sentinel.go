package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/redisserver"
)

// MasterName is what a Sentinel calls the master that it watches.
const MasterName = "mymaster"

// Sentinel starts a Sentinel on a port of loopback. It watches the master on
// another port, and has another take its place once it was silent for so long; a
// replica that has lost its master for more than ten times that is never taken.
// The test's cleanup ends it.
func Sentinel(t testing.TB, port, master string, silent time.Duration) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf") // a Sentinel writes to it
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor %s 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds %[3]s %[5]d\nsentinel failover-timeout %[3]s 2000\n",
		port, filepath.Dir(file), MasterName, master, silent.Milliseconds())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := new(output)
	proc, err := redisserver.Launch(requireBinary(t), []string{file, "--sentinel"}, out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = proc.Signal(syscall.SIGKILL) // it may be dead already
		<-proc.Done()
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the Sentinel does not listen: %v; it printed:\n%s", err, out.String())
		}
	}
}
