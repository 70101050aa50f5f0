package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// fill gives the Ghosts their members. No webhook is registered yet, as when
// ghostcm comes to a site that has been there for years.
func (s *stage) fill() error {
	for i := range s.readers {
		p := s.publications[i%len(s.publications)]
		if _, err := p.ghost.AddMember(s.cast.reader(p.name)); err != nil {
			return fmt.Errorf("invent a member: %w", err)
		}
	}
	return nil
}

// syncAll brings the members who are there already to the lists, as the command
// sync does.
func (s *stage) syncAll(ctx context.Context) error {
	began := time.Now()
	var runs errgroup.Group
	for _, p := range s.publications {
		runs.Go(func() error { return s.syncSite(ctx, p.name) })
	}
	err := runs.Wait()
	s.out.endProgress()
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	took := time.Since(began)
	s.out.line(good, fmt.Sprintf("synced %d members of %d sites in %.1f s, %.0f a second",
		s.readers, len(s.publications), took.Seconds(), float64(s.readers)/took.Seconds()))
	return nil
}

var errSync = errors.New("some members did not reach their list")

func (s *stage) syncSite(ctx context.Context, site string) error {
	seen := 0
	report, err := s.program.Sync(ctx, site, reconcile.Request{OnProgress: func(p reconcile.Progress) {
		if p.Phase == reconcile.Members {
			s.out.progress("sync", int(s.synced.Add(int64(p.Done-seen))), s.readers)
			seen = p.Done
		}
	}})
	if err == nil && report.Failed+report.HandedFailed+report.HandedWaiting > 0 {
		err = errSync
	}
	return err
}

// emptied waits until no member waits in the inbox.
func (s *stage) emptied(ctx context.Context) error {
	var failed error
	err := until(ctx, enough, func() bool {
		backlog, err := s.program.Store.Backlog(ctx)
		failed = err
		return err != nil || backlog.Members == 0
	})
	return errors.Join(failed, err)
}
