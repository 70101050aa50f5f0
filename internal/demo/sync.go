package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
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

// syncAll brings the members who are there already to the lists, on the one road
// that webhooks take: for the demo's 500 that is quick enough.
func (s *stage) syncAll(ctx context.Context) error {
	began := time.Now()
	var walks errgroup.Group
	for _, site := range s.config.Sites {
		walks.Go(func() error { return s.syncSite(ctx, site) })
	}
	err := walks.Wait()
	if err == nil {
		err = s.room(ctx, 1)
	}
	s.out.endProgress()
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	took := time.Since(began)
	s.out.line(good, fmt.Sprintf("synced %d members of %d sites in %.1f s, %.0f a second",
		s.readers, len(s.publications), took.Seconds(), float64(s.readers)/took.Seconds()))
	return nil
}

// onRoad is how many members travel at once: a longer queue would only cost time
// to put its jobs off.
const onRoad = concurrency / 3

// syncSite walks through one Ghost and puts every member on the road, no faster
// than they travel.
func (s *stage) syncSite(ctx context.Context, site config.Site) error {
	client, err := ghost.New(ghost.Options{
		URL: site.GhostURL, AdminKey: site.GhostAdminAPIKey.Reveal(),
		HTTP: egress.Client(s.config.GhostPolicy(site), egress.Options{}),
	})
	if err != nil {
		return err
	}
	for facts, err := range client.Members(ctx, "") {
		if err != nil {
			return err
		}
		if err := s.room(ctx, onRoad); err != nil {
			return err
		}
		if err := s.putOnRoad(ctx, site.Name, facts); err != nil {
			return err
		}
		s.out.progress("sync", int(s.synced.Add(1)), s.readers)
	}
	return nil
}

// room waits until fewer members than that wait in the inbox.
func (s *stage) room(ctx context.Context, below int) error {
	var failed error
	err := until(ctx, enough, func() bool {
		backlog, err := s.program.Store.Backlog(ctx)
		failed = err
		return err != nil || backlog.Members < below
	})
	return errors.Join(failed, err)
}

// putOnRoad does what a webhook of an edit would do.
func (s *stage) putOnRoad(ctx context.Context, site string, facts member.Facts) error {
	now := time.Now()
	_, err := worker.Inbox{Store: s.program.Store, Queue: s.program.Queue}.Accept(ctx, store.Delivery{
		Site: site, EventID: syncEvent + rand.Text()[:12], ReceivedAt: now,
		Event: member.Event{Type: member.Edited, Facts: facts, SentAt: now},
	})
	return err
}

// syncEvent begins the ids of events that no Ghost sent.
const syncEvent = "sync"
