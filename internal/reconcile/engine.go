package reconcile

import (
	"context"
	"log/slog"
	"time"

	"github.com/ghostcm/ghostcm/internal/metrics"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Inbox takes what a webhook would have told; worker.Inbox is one.
type Inbox interface {
	Accept(ctx context.Context, d store.Delivery) (store.Receipt, error)
}

// Options is what an Engine is made of. Store, Inbox, JobKind, Dir and Log are
// required.
type Options struct {
	Store *store.Store
	Inbox Inbox
	// JobKind is the kind of the jobs by which workers do members.
	JobKind string
	// OptOut hands a member over who unsubscribed in Campaign Monitor; nil: runs
	// that are to do so leave them alone.
	OptOut func(ctx context.Context, site, memberID string) error
	// Dir is STATE_DIR, for the journals and the file of a listing.
	Dir string
	// KeepJournals is how long journals are kept; see ForgetJournals.
	KeepJournals time.Duration

	Log     *slog.Logger
	Metrics *metrics.Metrics // may be nil
	Now     func() time.Time // nil is time.Now
	// Who names this process to whoever finds the site held; "" is host and process.
	Who string
	// FirstWait is how long to wait before a failed request is tried again; each
	// further wait is twice as long. Zero is a second.
	FirstWait time.Duration
	// BatchLease is for how long the members of a batch are locked at a time; what
	// takes longer renews it. Zero is 45 seconds.
	BatchLease time.Duration
}

// Engine runs full syncs. It is safe for concurrent use; one site has one run at
// a time, over all processes.
type Engine struct{ Options }

// New makes an engine; it touches nothing outside.
func New(o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Who == "" {
		o.Who = thisProcess()
	}
	if o.FirstWait == 0 {
		o.FirstWait = time.Second
	}
	if o.BatchLease == 0 {
		o.BatchLease = batchLease
	}
	return &Engine{Options: o}
}

// How long the site and the members of a batch stay locked should the process
// be killed: P6 has their jobs done within a minute. A run's lock, which is
// renewed every quarter of its time, outlasts those of its batches: the run that
// goes on would else find thousands of members locked, and hand them over one by
// one.
const (
	runLease   = 60 * time.Second
	batchLease = 45 * time.Second
)

// Run holds the site's whole Ghost against its whole list and makes the list
// right. The report tells what was done, also with an error.
//
// Errors: ErrNoAdminKey, *ErrLocked, *FieldsMissingError and ErrRefused tell that
// the run was not allowed; *ghost.Error and *campaignmonitor.Error in the chain,
// and the context's own, that it was cut short: the next Run goes on from there.
func (e *Engine) Run(ctx context.Context, req Request) (Report, error) {
	return e.run(ctx, req, func(ctx context.Context, r *run) error { return r.full(ctx) })
}
