package cli

import (
	"github.com/ghostcm/ghostcm/internal/erasure"
	"github.com/ghostcm/ghostcm/internal/program"
)

// forgetView is the result in --json.
type forgetView struct {
	Site       string          `json:"site"`
	EmailHash  string          `json:"email_hash"`
	MemberIDs  []string        `json:"member_ids"`
	DryRun     bool            `json:"dry_run"`
	Erased     map[string]int  `json:"erased"`
	Objections []objectionView `json:"objections"`
	Stays      []stays         `json:"stays"`
	Beyond     []beyond        `json:"beyond"`
}

type objectionView struct {
	Code string `json:"code"`
	Firm bool   `json:"firm"`
	Text string `json:"text"`
}

// stays is what is kept on purpose, beyond what is out of reach.
type stays struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

type beyond struct {
	What string `json:"what"`
	How  string `json:"how"`
}

func (a *app) showForgotten(o forgetOptions, p erasure.Person, out erasure.Outcome, done bool) error {
	if out.Nothing() && !o.asJSON {
		a.notef("Nothing is kept of this person at %s.", p.Site)
		return a.showBeyond(p, out)
	}
	if o.asJSON {
		return a.writeJSON(forgottenView(p, out, done))
	}
	switch {
	case o.dryRun:
		a.notef("DRY RUN: nothing was changed.")
	case !done:
		a.notef("Nothing was erased.")
	}
	var rows [][]string
	for _, kind := range erasure.Kinds() {
		if n := out.Counts[kind]; n > 0 {
			rows = append(rows, []string{kind, count(n)})
		}
	}
	if err := a.section("erased", []string{"Kept of this person", "Erased"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, s := range whatStays(out, done) {
		rows = append(rows, []string{s.What, s.Why})
	}
	if err := a.section("stays", []string{"What stays", "Why"}, rows); err != nil {
		return err
	}
	return a.showBeyond(p, out)
}

func (a *app) showBeyond(p erasure.Person, out erasure.Outcome) error {
	var rows [][]string
	for _, b := range outOfReach(p, out) {
		rows = append(rows, []string{b.What, b.How})
	}
	return a.section("beyond", []string{"Out of reach", "What to do"}, rows)
}

func forgottenView(p erasure.Person, out erasure.Outcome, done bool) forgetView {
	v := forgetView{
		Site: p.Site, EmailHash: p.Hash(), MemberIDs: append([]string{}, p.IDs...), DryRun: !done, Erased: out.Counts,
		Objections: []objectionView{}, Stays: append([]stays{}, whatStays(out, done)...), Beyond: outOfReach(p, out),
	}
	for _, o := range p.Objections() {
		v.Objections = append(v.Objections, objectionView{o.Code, o.Firm, objectionText(o)})
	}
	return v
}

func whatStays(out erasure.Outcome, done bool) (all []stays) {
	if out.Marked > 0 {
		all = append(all, stays{"an opaque member id and the time of its deletion, for 90 days",
			"an edit that comes late must not bring the member back"})
	}
	if done {
		all = append(all, stays{"a hash of the address in the activity, for as long as that is kept",
			"it shows that, and when, the person was forgotten"})
	}
	if out.Counts["deliveries"]+out.Counts["purchases"] > 0 {
		all = append(all, stays{"digests of the provider's event ids, for 90 days",
			"a provider that repeats an old event must not bring the purchase back"})
	}
	return all
}

func objectionText(o erasure.Objection) string {
	switch o.Code {
	case erasure.LosesOptOut:
		return "This person opted out, Ghost has them as a member or could not be asked, and Campaign Monitor does not hold " +
			"them as unsubscribed at every address: without ghostcm's memory the next sync would make them active again. " +
			"Delete the member in Ghost first."
	case erasure.Spooled:
		return "An event of this person waits in the spool of this machine, and would bring them back: wait until it has drained."
	case erasure.InGhost:
		return "Ghost still has this member: their next event, or the next sync, has ghostcm learn them anew. " +
			"Delete the member in Ghost first, if they are to stay forgotten."
	case erasure.MayBeInGhost:
		return "Ghost could not be asked whether it still has this member; if so, ghostcm learns them anew."
	case erasure.EventWaits:
		return "An event of this member is not applied yet, and never will be: if it is their deletion, Campaign Monitor keeps " +
			"the subscriber. Wait until the event is applied."
	case erasure.Purchase:
		return "Purchase " + program.Discreet(o.Purchase) + " is not over: ghostcm would neither end nor prolong its access any more."
	}
	return o.Code
}

// outOfReach is what is kept of the person elsewhere.
func outOfReach(p erasure.Person, out erasure.Outcome) []beyond {
	all := []beyond{ghostBeyond(p), listBeyond(p)}
	if out.Counts["purchases"]+out.Counts["deliveries"]+out.Counts["payers"] > 0 {
		all = append(all, beyond{"payment providers", "have the customer erased there; what they report later is kept anew"})
	}
	if out.Foreign != nil {
		all = append(all, beyond{"files in STATE_DIR", "some belong to another user: run this command as that one, too"})
	}
	return append(all,
		beyond{"STATE_DIR of other machines", "run this command there: journals and spools are each machine's own"},
		beyond{"Redis on disk, and its replicas' disks",
			"its append-only file holds what was erased until it is rewritten: redis-cli bgrewriteaof"},
		beyond{"backups and exports", "they hold what ghostcm held when they were made"},
		beyond{"logs", "they hold a hash of the address and the member's id, no address; let them age"},
	)
}

func ghostBeyond(p erasure.Person) beyond {
	switch {
	case p.GhostErr != nil:
		return beyond{"Ghost", "could not be asked: see that the member is deleted there"}
	case p.InGhost:
		return beyond{"Ghost", "has the member: delete them there"}
	}
	return beyond{"Ghost", "has no such member"}
}

func listBeyond(p erasure.Person) beyond {
	if p.ListErr != nil {
		return beyond{"Campaign Monitor", "could not be asked: see that the subscriber is deleted there"}
	}
	for _, l := range p.List {
		if l.State == "Active" {
			return beyond{"Campaign Monitor", "has the subscriber, active: delete them there"}
		}
	}
	for _, l := range p.List {
		if l.State != "" {
			return beyond{"Campaign Monitor", "has the subscriber, " + l.State +
				": while it does, nobody can subscribe them by mistake; deleted for good, a later join would be a new one"}
		}
	}
	return beyond{"Campaign Monitor", "has no such subscriber on the list"}
}
