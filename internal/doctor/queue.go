package doctor

import (
	"context"
	"time"
)

const (
	// late is how old the oldest event may get before somebody should look.
	late = 5 * time.Minute
	// lostAfter is twice the time in which a worker gives a lost job back.
	lostAfter = 2 * time.Minute
	lookAt    = 500 // entries
)

const startWorker = "start one: ghostcm worker, or ghostcm serve --worker"

func (e *exam) workers() verdict {
	s, err := e.queue()
	if err != nil {
		return notChecked(noRedis)
	}
	waiting, err := e.backlog()
	if err != nil {
		return notChecked(noRedis)
	}
	switch {
	case s.Workers > 0:
		return ok("%d %s, %d jobs at work", s.Workers, plural(s.Workers, "process", "processes"), s.Running)
	case s.Depth+s.Retrying+waiting.Members > 0:
		return fail(startWorker, "no worker lives, and %d members wait", waiting.Members)
	}
	return warn(startWorker, "no worker lives: webhooks are kept, but nothing reaches Campaign Monitor")
}

func (e *exam) oldest() verdict {
	s, err := e.queue()
	if err != nil {
		return notChecked(noRedis)
	}
	waiting, err := e.backlog()
	if err != nil {
		return notChecked(noRedis)
	}
	oldest := max(s.Oldest, waiting.Oldest)
	if oldest < late {
		return ok("%d jobs wait, %d for their time", s.Depth, s.Retrying)
	}
	return warn("ghostcm status: see whether a gate is shut, a worker is missing, or CM_RATE_LIMIT is too low for the load",
		"the oldest event has waited for %s; %d members wait, %d jobs for their time", span(oldest), waiting.Members, s.Retrying)
}

// lookForLost counts the entries of the inbox whose job should have run and is
// nowhere any more, by the rule of the sweep that every worker does.
func (d *Doctor) lookForLost(ctx context.Context) (lost int, err error) {
	coming, err := d.Queue.Late(ctx)
	if err != nil || coming > 0 {
		return 0, err
	}
	overdue, err := d.Store.Overdue(ctx, d.Now().Add(-lostAfter), lookAt)
	if err != nil || len(overdue) == 0 {
		return 0, err
	}
	oldest, queued, err := d.Queue.OldestQueuedAt(ctx)
	if err != nil {
		return 0, err
	}
	for _, o := range overdue {
		if !queued || oldest.After(o.Due.Add(2*time.Second)) {
			lost++
		}
	}
	return lost, nil
}

func (e *exam) stuck() verdict {
	lost, err := e.lost()
	if err != nil {
		return notChecked(noRedis)
	}
	if lost == 0 {
		return ok("none")
	}
	s, err := e.queue()
	if err != nil || s.Workers == 0 {
		return fail(startWorker+": it gives lost jobs back within a minute", "%d members wait whose job was lost", lost)
	}
	return fail("a worker gives lost jobs back within a minute: look for sweep.failed in its log, and whether one runs with these sites",
		"%d members wait whose job was lost, though workers live", lost)
}

func (e *exam) deadLetters() verdict {
	s, err := e.queue()
	if err != nil {
		return notChecked(noRedis)
	}
	if s.Dead == 0 {
		return ok("none")
	}
	return warn("ghostcm dlq list: see why, mend that, then replay them",
		"%d %s for good", s.Dead, plural(s.Dead, "job has failed", "jobs have failed"))
}
