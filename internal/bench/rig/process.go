package rig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Process is a program that runs until it is stopped.
type Process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// command is a program to start.
type command struct {
	args []string
	env  []string // nil: this process' own
	dir  string
	log  string   // file that takes what it prints
	out  *os.File // nil: its standard output goes to log, too
}

// launch starts a program. On Linux it dies with this process.
func launch(c command) (*Process, error) {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env, cmd.Dir, cmd.Stderr, cmd.SysProcAttr = c.env, c.dir, log, ownGroup()
	cmd.Stdout = log
	if c.out != nil {
		cmd.Stdout = c.out
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.args[0], err)
	}
	p := &Process{cmd: cmd, log: c.log, done: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(p.done) }()
	return p, nil
}

// Pid is the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Stop ends the process and its children, in good order if they can.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
	}
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL) // its own group: what it left behind
	<-p.done
}

// Said is the end of what the process printed.
func (p *Process) Said() string {
	said, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(said[max(0, len(said)-2000):])
}

var errEnded = errors.New("the process ended")

// until asks again and again, each millisecond, until there is no error.
func (p *Process) until(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%w; it printed: %s", errEnded, p.Said())
		case <-ctx.Done():
			return fmt.Errorf("%w; the process printed: %s", err, p.Said())
		case <-time.After(500 * time.Microsecond):
		}
	}
}

var errNotReady = errors.New("not ready")

// ready waits until the server at address answers /readyz with 200.
func (p *Process) ready(ctx context.Context, address string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return p.until(ctx, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%w: status %d", errNotReady, answer.StatusCode)
		}
		return nil
	})
}

// announced starts a program that prints its address first, and returns it.
func announced(c command) (p *Process, address string, err error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer out.Close()
	c.out = in
	p, err = launch(c)
	_ = in.Close()
	if err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(io.LimitReader(out, 4096)).ReadString('\n')
	if err != nil {
		p.Stop()
		return nil, "", fmt.Errorf("%s says no address: %w; it printed: %s", c.args[0], err, p.Said())
	}
	return p, strings.TrimSpace(line), nil
}

// freePort is a port that was free a moment ago.
func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	return port, errors.Join(err, ln.Close())
}
