package programtest

import (
	"fmt"
	"os/exec"
	"syscall"
)

// Process is a command that was started.
type Process struct {
	Cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts a command.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Cmd: cmd, ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting ghostcm: %w", err)
	}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	return p, nil
}

// Signal sends a signal, which a process that has ended does not get.
func (p *Process) Signal(sig syscall.Signal) { _ = p.Cmd.Process.Signal(sig) }

// Kill ends the process as a crash does, and returns when it is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.ended
}

// Ended is closed once the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Living says whether it is not gone yet.
func (p *Process) Living() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}
