package redisserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrInUse means that another ghostcm runs a server on the directory.
var ErrInUse = errors.New("another ghostcm runs a redis-server there")

// locks keeps a directory for one ghostcm and one server. There are two because
// the server can outlive its ghostcm: owner dies with this process; server is
// inherited by the child, so it is held as long as anything writes the data.
type locks struct {
	owner, server *os.File
}

// acquire returns ErrInUse at once when another ghostcm lives. A server that
// outlived its ghostcm is asked to stop and waited for until ctx ends.
func acquire(ctx context.Context, dir, socket string) (*locks, error) {
	owner, err := openLock(filepath.Join(dir, "owner.lock"))
	if err != nil {
		return nil, err
	}
	if err := flock(owner); err != nil {
		owner.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s; stop it, or give this one its own STATE_DIR", ErrInUse, dir)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	server, err := openLock(filepath.Join(dir, "server.lock"))
	if err != nil {
		owner.Close()
		return nil, err
	}
	l := &locks{owner: owner, server: server}
	if err := l.outlast(ctx, socket); err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// outlast waits for the end of a server without a ghostcm.
func (l *locks) outlast(ctx context.Context, socket string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := flock(l.server)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("lock the server's files: %w", err)
		}
		// It closes the connection instead of answering when it obeys, and may
		// not listen yet: only the lock tells.
		_, _ = ask(ctx, socket, "SHUTDOWN")
		select {
		case <-ctx.Done():
			return fmt.Errorf("a redis-server of an earlier ghostcm does not end: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func (l *locks) release() {
	l.server.Close()
	l.owner.Close()
}

func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a lock: %w", err)
	}
	return f, nil
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
