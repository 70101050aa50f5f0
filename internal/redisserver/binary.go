package redisserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// ErrNoBinary means that neither redis-server nor valkey-server is installed.
// The error that wraps it says what to install.
var ErrNoBinary = errors.New("neither redis-server nor valkey-server is installed")

// FindBinary returns the path of redis-server or else of valkey-server, from
// PATH or from the places where packages put them that a service's PATH lacks.
// Its error wraps ErrNoBinary and says how to install one.
func FindBinary() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
		for _, dir := range []string{"/usr/bin", "/usr/local/bin", "/usr/sbin", "/opt/homebrew/bin"} {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%w: %s, or point REDIS_URL at a Redis that runs elsewhere", ErrNoBinary, advice(runtime.GOOS))
}

func advice(goos string) string {
	if goos == "darwin" {
		return "run `brew install redis`"
	}
	return "run `sudo apt-get install redis-server` (Debian, Ubuntu), " +
		"`sudo dnf install valkey` (Fedora, RHEL) or your system's equivalent"
}
