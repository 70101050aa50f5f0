package redisserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is one run of a server, from its start to its death.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Launch runs binary with args; what it prints goes to out. The process is in a
// group of its own, so that Ctrl-C on the terminal reaches ghostcm alone, and
// ghostcm can drain into it first. On Linux the kernel kills it when this process
// dies. Files it makes are readable by their owner alone. It inherits the files
// in keep, and with them any lock on them.
func Launch(binary string, args []string, out io.Writer, keep ...*os.File) (*Process, error) {
	// The shell is there for the umask only, which is the one thing exec cannot
	// set for a child; exec keeps the pid and so everything said above.
	words := append([]string{"-c", `umask 077; exec "$0" "$@"`, binary}, args...)
	cmd := exec.Command("/bin/sh", words...) //nolint:noctx // it lives until it is signalled
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = keep
	// It needs nothing of our environment, which holds secrets.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	// A child that rewrites the append-only file holds the output open; the
	// server is dead all the same.
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = ownGroup()
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("run %s: %w", binary, err)
	}
	return p, nil
}

// run keeps its thread until the child is dead: Linux sends the death signal
// when the thread that forked ends, not when the process does.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
}

// Pid is the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed once the process is dead and its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the process ended, nil for exit code 0. Read it after Done.
func (p *Process) Err() error { return p.err }

// Signal sends a signal; a process that is already dead is no error. A kill takes
// the processes that rewrite its files with it.
func (p *Process) Signal(sig os.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if sig == syscall.SIGKILL {
		_ = syscall.Kill(-p.Pid(), syscall.SIGKILL) // the line below tells what matters
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal redis-server: %w", err)
	}
	return nil
}
