package rig

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Ran is what a command that came to its end used.
type Ran struct {
	Took time.Duration
	Peak float64 // MiB resident
}

// Run runs ghostcm until it ends, and fails unless its exit code is 0.
func (w *World) Run(ctx context.Context, args ...string) (r Ran, err error) {
	began := time.Now()
	p, err := launch(command{args: append([]string{w.Binary}, args...), env: w.Environ(), dir: w.dir, log: w.file("run.log")})
	if err != nil {
		return r, err
	}
	for {
		select {
		case <-p.done:
			r.Took = time.Since(began)
			if code := p.cmd.ProcessState.ExitCode(); code != 0 {
				err = fmt.Errorf("%w: ghostcm %v ended with %d: %s", ErrWrong, args, code, p.Said())
			}
			return r, err
		case <-ctx.Done():
			p.Stop()
			return r, ctx.Err()
		case <-time.After(10 * time.Millisecond):
			if _, peak, err := Resident(p.Pid()); err == nil {
				r.Peak = max(r.Peak, peak)
			}
		}
	}
}

// Time runs a short command of ghostcm, and returns how long it took.
func (w *World) Time(ctx context.Context, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, w.Binary, args...)
	cmd.Env, cmd.Dir = w.Environ(), w.dir
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("ghostcm %v: %w: %s", args, err, out)
	}
	return took, nil
}

// Fetch fetches the pages of the first site's Ghost in a process of their own, and
// fails unless all members are there.
func (w *World) Fetch(ctx context.Context, members int) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, w.Self, "-role", "pages", "-ghost", w.Sites[0].Ghost, "-key", w.Sites[0].AdminKey)
	began := time.Now()
	out, err := cmd.Output()
	took := time.Since(began)
	if err == nil && strings.TrimSpace(string(out)) != strconv.Itoa(members) {
		err = fmt.Errorf("%w: %s of %d members were fetched", ErrWrong, out, members)
	}
	return took, err
}
