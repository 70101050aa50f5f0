package redisserver

import (
	"context"
	"log/slog"
	"time"
)

// supervise restarts the server whenever it dies, until Stop. A process that
// lives when it returns is in procs.
func (s *Server) supervise(proc *Process) {
	defer close(s.stopped)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with ctx, so with supervise
		select {
		case <-s.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	backoff := s.opts.MinBackoff
	for {
		born := time.Now()
		select {
		case <-s.quit:
			return
		case <-proc.Done():
		}
		<-s.procs
		if time.Since(born) > healthyLife {
			backoff = s.opts.MinBackoff
		}
		s.opts.Log.LogAttrs(ctx, slog.LevelWarn, "redis.exited",
			slog.String("status", ended(proc).Error()), slog.Duration("restart_in", backoff))
		if proc = s.revive(ctx, &backoff); proc == nil {
			return
		}
		s.procs <- proc
	}
}

// revive tries until a server takes commands. It returns nil when ctx ends first.
func (s *Server) revive(ctx context.Context, backoff *time.Duration) *Process {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(*backoff):
		}
		*backoff = min(2**backoff, maxBackoff)
		proc, err := s.launch(ctx)
		if err == nil {
			return proc
		}
		if ctx.Err() == nil {
			s.opts.Log.LogAttrs(ctx, slog.LevelError, "redis.restart_failed",
				slog.String("error", err.Error()), slog.Duration("again_in", *backoff))
		}
	}
}
