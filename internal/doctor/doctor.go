package doctor

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Options is what a Doctor examines. Store, Queue, Now and Reason are required.
type Options struct {
	Store *store.Store
	Queue *jobs.Queue
	Sites []Site
	// Files are paths of files with secrets; one may be missing. StateDir keeps
	// what must outlive a restart.
	Files    []string
	StateDir string
	Warnings []Note // of the settings that all sites share
	// SilenceAfter is how long a site that usually has events may have none.
	SilenceAfter time.Duration

	// PublicURL is where Ghost and Campaign Monitor reach the webhooks, https://…;
	// "" is unknown.
	PublicURL string
	// Outbound is how the public URL is reached; the zero value is right but in tests.
	Outbound egress.Options

	Now func() time.Time
	// Reason says in words that are safe to show why Redis failed.
	Reason func(error) string
}

// Site is one publication, its list, and what is configured for both.
type Site struct {
	Name     string
	Prefix   string // of its settings: "SITE1_"
	Warnings []Note

	Ghost    *ghost.Client // nil without an Admin API key
	GhostURL string
	Secret   string // the first that its webhooks are verified with
	Legacy   bool   // whether webhooks are taken that do not sign their time

	List     *campaignmonitor.Client
	ListID   string
	ListTime *Watch
	Fields   map[member.Fact]string // the name of the custom field of each fact
	// Chosen are the optional facts whose fields the operator asked for.
	Chosen []member.Fact
	// ListToken is in the path of the list's webhook; "" is none.
	ListToken string
	OptOuts   bool // whether opt-outs go back to Ghost

	// Policy says where the public URL may lead.
	Policy   egress.Policy
	Payments Payments
}

// Payments is what is configured of a site's purchases.
type Payments struct {
	Providers   []string
	WithoutKey  []string // providers whose purchases of the past cannot be fetched
	TierSlugs   []string // that products are mapped to
	NoProductOf []string // providers none of whose products is mapped
	// Unpriced are products that a buyer may have for any amount.
	Unpriced []string
}

// Note is a warning of the configuration.
type Note struct{ Key, Text string }

// Doctor examines an installation. Each method may be called again.
type Doctor struct{ Options }

// New makes a doctor; it touches nothing.
func New(o Options) *Doctor { return &Doctor{o} }

// How long things take at most. An examination asks questions that depend on
// each other at most two deep, so that it ends by itself before it is ended.
const (
	questionWithin = 4 * time.Second
	examWithin     = 12 * time.Second
	atOnce         = 48 // questions
)

// Examine looks at everything and changes nothing.
func (d *Doctor) Examine(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, examWithin)
	defer cancel()
	return Report{Findings: d.exam(ctx).findings()}
}

// Mend examines, mends what needs no person's decision where the public URL and
// the settings allow it, and examines again if it did anything.
func (d *Doctor) Mend(ctx context.Context) Report {
	looking, cancel := context.WithTimeout(ctx, examWithin)
	defer cancel()
	before := d.exam(looking)
	findings := before.findings()
	actions := before.mend(ctx)
	if len(actions) > 0 {
		findings = d.Examine(ctx).Findings
	}
	return Report{Findings: findings, Actions: actions}
}
