// Package worker does the jobs of members: it takes what waits in a member's
// inbox, re-reads the member from Ghost where it can, and brings the subscriber
// in Campaign Monitor to the state that package member decides on.
//
// It promises at most one writer per member and address, that a failing or slow
// site delays no other, and that whatever fails is retried, or ends as a dead
// letter with its reason. It leaves the carrying of jobs to package jobs and
// every decision about a subscriber to package member.
package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/store"
)

// KindMember is the kind of the jobs that Worker does; their key is the id of
// the member.
const KindMember = "member"

// Site is one publication, its list, and how to reach both.
type Site struct {
	Name           string
	Ghost          *ghost.Client // nil without an Admin API key: then webhooks are believed as they are
	List           *campaignmonitor.Client
	ListID         string
	Policy         member.Policy
	Fields         map[member.Fact]string // the name of the custom field of each fact
	ConsentToTrack string
	Pace           store.Pace
	// OptOutsToGhost is whether an opt-out in Campaign Monitor ends the member's
	// newsletters in Ghost.
	OptOutsToGhost bool
}

// Options is what a Worker is made of. All but Metrics and Told are required.
type Options struct {
	Store *store.Store
	Queue *jobs.Queue
	Sites []Site
	// Retries are the waits after each failed attempt; then comes the dead letter.
	Retries []time.Duration
	// Concurrency is how many jobs the process runs at once, over all sites; with
	// several sites, a few more (Workers).
	Concurrency int
	// KeepDead is how long the facts of a dead letter are kept for its replay.
	KeepDead time.Duration
	// KeepActivity is how long activity is kept; zero is seven days.
	KeepActivity time.Duration
	// Told, if set, is called when what a webhook said of a member is applied.
	Told    func(ctx context.Context, site, memberID string)
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
}

// Worker does jobs of KindMember and KindOptOut.
type Worker struct {
	Options
	sites    map[string]*site
	share    *share
	recorder *recorder
}

// site is a Site with what this process has learned of it.
type site struct {
	Site
	layout layoutCache
}

// New makes a worker; it touches nothing outside.
func New(o Options) *Worker {
	w := &Worker{Options: o, sites: map[string]*site{}, share: newShare(o.Concurrency, len(o.Sites)), recorder: newRecorder()}
	for _, s := range o.Sites {
		w.sites[s.Name] = &site{Site: s}
	}
	return w
}

// How long things take at most: a job, the locks under it, and how long an entry
// is left alone before its job counts as lost. The locks outlast the job, but end
// early enough for what a killed worker left to be done within a minute.
const (
	jobTimeout  = 45 * time.Second
	leaseFor    = 50 * time.Second
	overdueFor  = 30 * time.Second
	lockedRetry = time.Second
)

// Workers is how many jobs the job layer should run at once.
func (w *Worker) Workers() int { return w.Concurrency + spareWorkers(w.Concurrency, len(w.Sites)) }

// Kinds names the kinds of jobs that a Worker does.
func Kinds() []string { return []string{KindMember, KindOptOut} }

// Kinds is how the job layer runs the worker's jobs.
func (w *Worker) Kinds() []jobs.Kind { return []jobs.Kind{w.memberKind(), w.optOutKind()} }

func (w *Worker) memberKind() jobs.Kind {
	return jobs.Kind{
		Name: KindMember, Schedule: w.Retries, Timeout: jobTimeout, Handle: w.handle,
		Died: func(ctx context.Context, job jobs.Job, err error) {
			w.Metrics.DeadLetter(job.Site, KindMember)
			w.reportDeath(job, err)
			w.Log.ErrorContext(ctx, "member.dead", append(about(job), "reason", err.Error())...)
		},
	}
}

func about(job jobs.Job) []any {
	return []any{"site", job.Site, "member_id", job.Key, "job_id", job.ID, "attempt", job.Attempt}
}
