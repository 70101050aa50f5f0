package programtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
)

// Binary is what builds ghostcm, once.
type Binary struct {
	build sync.Once
	path  string
	err   error
}

// Path builds ghostcm, unless that is done, and returns where it is.
func (b *Binary) Path() (string, error) {
	b.build.Do(func() { b.path, b.err = build() })
	return b.path, b.err
}

func build() (string, error) {
	path := filepath.Join(dir(), "ghostcm")
	args := []string{"build", "-buildvcs=false", "-o", path}
	if Raced {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "github.com/ghostcm/ghostcm/cmd/ghostcm")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building ghostcm: %w\n%s", err, out)
	}
	return path, nil
}

// Remove deletes what the tests of this run have built.
func Remove() { _ = os.RemoveAll(dir()) }

func dir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("ghostcm-test-%d", os.Getpid()))
}

// FreePort is below the range from which connections get theirs: else one of them
// might have it whenever a process wants to listen on it again.
func FreePort() (string, error) {
	const tries = 100
	for range tries {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		if ln, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			return port, ln.Close()
		}
	}
	return "", fmt.Errorf("no port was free in %d tries", tries)
}
