package redisserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// maxSocketPath is what fits everywhere: 108 bytes on Linux, 104 on macOS, with
// the closing zero.
const maxSocketPath = 100

// SocketPath is where the server of dir, an absolute path, listens: in dir, or,
// when that path is too long for a socket, in a short directory named by its
// hash, so that other commands of the same user find it too.
func SocketPath(dir string) string {
	path := filepath.Join(dir, "redis.sock")
	if len(path) <= maxSocketPath {
		return path
	}
	sum := sha256.Sum256([]byte(dir))
	name := fmt.Sprintf("ghostcm-%d-%s", os.Getuid(), hex.EncodeToString(sum[:6]))
	path = filepath.Join(os.TempDir(), name, "redis.sock")
	if len(path) <= maxSocketPath {
		return path
	}
	return filepath.Join("/tmp", name, "redis.sock")
}

// URL is the address, unix://…, of the server that runs on dir, for whoever did
// not start it.
func URL(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find redis-server's directory: %w", err)
	}
	return "unix://" + SocketPath(abs), nil
}

// makePrivate makes a directory that only we can enter, and refuses one that
// somebody else made first, as anybody can in a common temporary directory.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make redis-server's directory: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at redis-server's directory: %w", err)
	}
	if info.Mode()&os.ModeSymlink != 0 {
		if info, err = os.Stat(dir); err != nil {
			return fmt.Errorf("look at redis-server's directory: %w", err)
		}
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to another user: remove it, or set another STATE_DIR or TMPDIR", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // G302: a directory needs its x
		return fmt.Errorf("close redis-server's directory to others: %w", err)
	}
	return nil
}
