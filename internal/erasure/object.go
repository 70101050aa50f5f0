package erasure

import "slices"

// Objection is what speaks against forgetting somebody now.
type Objection struct {
	Code string
	// Firm is of one that nobody can overrule: consent would be lost, or what is
	// forgotten would come back by itself.
	Firm bool
	// Purchase is what it is about, if it is a purchase.
	Purchase string
}

// The objections.
const (
	// LosesOptOut: they opted out, Ghost has them or may have them, and Campaign
	// Monitor would not keep them from being made active.
	LosesOptOut  = "loses_opt_out"
	Spooled      = "spooled"  // an event of theirs waits in this machine's spool
	InGhost      = "in_ghost" // the next event or sync learns them anew
	MayBeInGhost = "may_be_in_ghost"
	EventWaits   = "event_waits" // it would never be applied: a removal, say
	Purchase     = "purchase"    // nothing would end or prolong its access any more
)

// Objections are what speaks against forgetting the person, the firm ones first.
func (p *Person) Objections() (all []Objection) {
	mayBe := p.InGhost || p.GhostErr != nil
	if p.OptedOut && mayBe && !p.protected() {
		all = append(all, Objection{Code: LosesOptOut, Firm: true})
	}
	if p.Spooled {
		all = append(all, Objection{Code: Spooled, Firm: true})
	}
	switch {
	case p.InGhost:
		all = append(all, Objection{Code: InGhost})
	case p.GhostErr != nil:
		all = append(all, Objection{Code: MayBeInGhost})
	}
	if p.Waiting {
		all = append(all, Objection{Code: EventWaits})
	}
	for _, e := range p.Running {
		all = append(all, Objection{Code: Purchase, Purchase: e.ID})
	}
	return all
}

// firm is whether something speaks against it that nobody overrules.
func (p *Person) firm() bool {
	return slices.ContainsFunc(p.Objections(), func(o Objection) bool { return o.Firm })
}
