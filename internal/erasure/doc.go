// Package erasure forgets a person: it finds all that ghostcm keeps of somebody at a
// site, says what speaks against forgetting it, and erases it.
//
// It promises that nobody who opted out becomes active again because that was
// forgotten: where only our memory stands between a person and a new subscription,
// it refuses. It erases under the locks that writers of the person take, and while no
// full sync of the site runs, so that nothing is written back. Done twice, it is done
// once; cut short, doing it again does the rest.
//
// It leaves Ghost, Campaign Monitor and the payment providers alone, and leaves it to
// its caller to tell what cannot be reached from here: backups, logs, files of other
// machines, and what Redis has on disk until it rewrites that.
package erasure

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Ghost is asked whether the person is still a member.
type Ghost interface {
	Member(ctx context.Context, id string) (member.Facts, error)
	MemberByEmail(ctx context.Context, email string) (facts member.Facts, found bool, err error)
}

// List is asked what Campaign Monitor holds of the person.
type List interface {
	Subscriber(ctx context.Context, listID, email string) (campaignmonitor.Subscriber, error)
}

// Files are those in STATE_DIR, of this machine.
type Files interface {
	// Waiting says whether a delivery waits in the spool whose text is the person's.
	Waiting(names func(text string) bool) (bool, error)
	// Forget takes the person out of the journals of a site's runs and out of what was
	// set aside, or counts what it would take.
	Forget(site string, theirs func(id string, emails []string) bool, names func(text string) bool, dryRun bool) (lines int, err error)
}

// Options is what a Flow works with. All but Ghost are required.
type Options struct {
	Store  *store.Store
	Queue  *jobs.Queue
	Ghost  Ghost // nil: the site's Ghost cannot be asked
	List   List
	ListID string
	Files  Files
	Who    string // shown to whoever finds the site's lock held
	Now    func() time.Time
}

// Flow forgets people of one site.
type Flow struct{ Options }

// New makes a Flow.
func New(o Options) *Flow { return &Flow{o} }
