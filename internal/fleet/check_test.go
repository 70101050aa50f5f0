package fleet_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// check holds everything against the book, once all is quiet.
func (town *town) check(frozen []span) {
	town.t.Helper()
	for _, s := range town.sites {
		town.checkList(s)
	}
	town.checkPurchases()
	town.checkDead()
	town.checkWrites(frozen)
	town.checkConsent()
}

// complain fails the test, with at most some of the problems.
func (town *town) complain(what string, problems []string) {
	town.t.Helper()
	const most = 8
	for _, p := range problems[:min(len(problems), most)] {
		town.t.Errorf("%s: %s", what, p)
	}
	if n := len(problems) - most; n > 0 {
		town.t.Errorf("%s: and %d more", what, n)
	}
}

// checkList holds a list against what has to stand. Addresses of people of whom a
// later webhook was lost on its way to us may be either way.
func (town *town) checkList(s *site) {
	town.t.Helper()
	b := town.book
	b.mu.Lock()
	defer b.mu.Unlock()
	certain := map[string]*person{} // by address: members whose newest fact is acknowledged
	unsure := map[string]bool{}
	var vague []*person
	people := b.on(s)
	for _, p := range people {
		facts, sure := p.standing()
		if !sure {
			vague = append(vague, p)
			for _, f := range p.facts {
				unsure[strings.ToLower(f.email)] = true
			}
			continue
		}
		if f := facts[0]; !f.deleted {
			certain[strings.ToLower(f.email)] = p
		}
	}
	var problems []string
	for _, email := range slices.Sorted(maps.Keys(certain)) {
		if !unsure[email] {
			problems = append(problems, town.stands(s, certain[email]))
		}
	}
	for _, p := range vague {
		problems = append(problems, town.standsSomehow(s, p))
	}
	for _, sub := range town.list.Subscribers(s.listID) {
		email := strings.ToLower(sub.Email)
		if sub.State == "Active" && certain[email] == nil && !unsure[email] {
			problems = append(problems, sub.Email+" is active, and nobody's: "+owners(people, email))
		}
	}
	problems = slices.DeleteFunc(problems, func(p string) bool { return p == "" })
	town.complain(s.name, problems)
	town.t.Logf("%s: %d people, %d addresses that have to be right, %d people of whom webhooks were lost", s.name, len(people), len(certain), len(vague))
}

// on is everybody of a site, in order.
func (b *book) on(s *site) []*person {
	var people []*person
	for _, p := range b.people {
		if p.site == s && len(p.facts) > 0 {
			people = append(people, p)
		}
	}
	slices.SortFunc(people, func(x, y *person) int { return cmp.Compare(x.facts[0].at, y.facts[0].at) })
	return people
}

// stands says what is wrong with the subscriber of a member.
func (town *town) stands(s *site, p *person) string {
	f := p.facts[len(p.facts)-1]
	sub, found := town.list.Subscriber(s.listID, f.email)
	switch {
	case p.odd && found:
		return "is on the list under an address that is none: " + p.String()
	case p.odd, p.out && sub.State != "Active":
		return ""
	case p.out:
		return "opted out or bounced, and is active: " + p.String()
	case !found:
		return "is not on the list: " + p.String()
	}
	if differs := f.differs(sub); differs != "" {
		return differs + ": " + p.String()
	}
	return ""
}

func (f *fact) differs(sub cmtest.Subscriber) string {
	switch {
	case sub.State != "Active":
		return "is " + sub.State
	case sub.Name != f.name:
		return fmt.Sprintf("is called %q", sub.Name)
	case sub.Fields["ghost_status"] != f.status:
		return fmt.Sprintf("has the status %q", sub.Fields["ghost_status"])
	case sub.Fields["ghost_labels"] != f.labels:
		return fmt.Sprintf("has the labels %q", sub.Fields["ghost_labels"])
	}
	return ""
}

// standsSomehow says what is wrong with a member whose newest webhook was lost: what
// was acknowledged, or something newer, has to stand.
func (town *town) standsSomehow(s *site, p *person) string {
	facts, _ := p.standing()
	if facts[0].acknowledged.IsZero() || p.out || p.odd {
		return ""
	}
	town.t.Logf("%s: of %s webhooks were lost", s.name, p.id)
	var seen []string
	for _, f := range facts {
		sub, found := town.list.Subscriber(s.listID, f.email)
		differs := "is not there"
		if found {
			differs = f.differs(sub)
		}
		if f.deleted && sub.State != "Active" || !f.deleted && differs == "" {
			return ""
		}
		seen = append(seen, differs)
	}
	if s.rereads && !town.lives(s, p.id) || town.contested(s, p) || p.stray {
		return "" // re-read, and gone; or somebody else has the address; or told of after its end
	}
	return fmt.Sprintf("%v: %s", seen, p)
}

func (town *town) lives(s *site, id string) bool {
	return slices.ContainsFunc(s.Members(), func(m ghosttest.Member) bool { return m.ID == id })
}

// contested says whether anybody else ever had one of the addresses. Callers hold
// the book's lock.
func (town *town) contested(s *site, p *person) bool {
	for _, other := range town.book.people {
		if other == p || other.site != s {
			continue
		}
		for _, f := range other.facts {
			if slices.ContainsFunc(p.facts, func(mine *fact) bool { return strings.EqualFold(mine.email, f.email) }) {
				return true
			}
		}
	}
	return false
}

// owners are all who ever had an address.
func owners(people []*person, email string) string {
	var b strings.Builder
	for _, p := range people {
		if slices.ContainsFunc(p.facts, func(f *fact) bool { return strings.EqualFold(f.email, email) }) {
			b.WriteString("\n  " + p.String())
		}
	}
	return b.String()
}

// checkConsent looks for somebody who was out and was made active, if only for a
// moment.
func (town *town) checkConsent() {
	town.t.Helper()
	town.book.mu.Lock()
	defer town.book.mu.Unlock()
	var problems []string
	for _, r := range town.list.Reactivations() {
		if town.book.closed[r.List+" "+strings.ToLower(r.Email)] {
			problems = append(problems, fmt.Sprintf("%s was %s, and made active again", r.Email, r.From))
		}
	}
	town.complain("consent", problems)
	for _, v := range town.list.Violations() {
		town.t.Errorf("Campaign Monitor was asked for what it cuts, drops or ignores: %+v", v)
	}
}

// span is a time in which a writer was stopped for longer than its lease.
type span struct{ from, to time.Time }

// checkWrites looks for two writes of one address at once.
func (town *town) checkWrites(frozen []span) {
	town.t.Helper()
	under := map[string][]cmtest.Request{}
	var problems []string
	for _, r := range town.list.Requests() {
		if !r.Write {
			continue
		}
		emails := slices.Clone(r.Emails)
		for i := range emails {
			emails[i] = strings.ToLower(emails[i])
		}
		slices.Sort(emails)
		for _, email := range slices.Compact(emails) {
			key := r.List + " " + email
			for _, other := range under[key] {
				if other.Until.IsZero() || other.Until.After(r.At) {
					if !slices.ContainsFunc(frozen, func(s span) bool { return r.At.After(s.from) && r.At.Before(s.to) }) {
						problems = append(problems, fmt.Sprintf("two writes of %s at once: %s since %v, and %s at %v", email, other.Op, other.At, r.Op, r.At))
					}
				}
			}
			under[key] = []cmtest.Request{r}
		}
	}
	town.complain("one writer", problems)
}

// checkDead wants dead letters of those only who deserve them.
func (town *town) checkDead() {
	town.t.Helper()
	town.book.mu.Lock()
	defer town.book.mu.Unlock()
	var problems []string
	for d, err := range town.program.Queue.Dead(town.t.Context(), jobs.DeadFilter{}) {
		if err != nil {
			town.t.Error(err)
			return
		}
		p := town.book.people[d.Site+"/"+d.Key]
		switch {
		case p != nil && p.odd && d.Code == "member:invalid_address":
		case p != nil && d.Code == "ghost:404" && !town.lives(p.site, p.id): // more vanished without a word than may in a day
		default:
			problems = append(problems, fmt.Sprintf("%s %s of %s/%s: %s: %s", d.Kind, d.Event, d.Site, d.Key, d.Code, d.Reason))
		}
	}
	town.complain("dead letters", problems)
}

func (town *town) checkPurchases() {
	town.t.Helper()
	members := map[string]ghosttest.Member{}
	for _, m := range town.shop.site.Members() {
		members[strings.ToLower(m.Email)] = m
	}
	mails := map[string]int{}
	for _, m := range town.shop.site.Mails() {
		mails[strings.ToLower(m.To)]++
	}
	var problems []string
	for _, p := range town.shop.purchases {
		m, found := members[strings.ToLower(p.email)]
		problem := cmp.Or(p.granted(m, found), town.booked(p))
		if n := mails[strings.ToLower(p.email)]; problem == "" && n > 1 {
			problem = fmt.Sprintf("%d mails to sign in", n)
		}
		if problem != "" {
			problems = append(problems, fmt.Sprintf("%s %s (%s): %s", p.provider, p.id, p.kind, problem))
		}
	}
	town.complain("purchases", problems)
	town.t.Logf("%d purchases; %d webhooks of theirs were sent again", len(town.shop.purchases), town.shop.refused)
}

// granted says how a payer's access in Ghost differs from what was bought.
func (p *purchase) granted(m ghosttest.Member, found bool) string {
	if p.nobody {
		if found {
			return "has made a member, and was not paid"
		}
		return ""
	}
	if !found {
		if p.tier == "" {
			return "" // it was over before anybody had been given anything
		}
		return "has made no member"
	}
	tier, ends := "", time.Time{}
	for _, g := range m.Tiers {
		tier, ends = tier+g.Tier, g.ExpiresAt
	}
	switch {
	case m.Status != p.status || tier != p.tier:
		return fmt.Sprintf("the member is %s with %q", m.Status, tier)
	case p.state == payment.StateManual && !ends.IsZero():
		return fmt.Sprintf("the comp by hand ends at %v", ends)
	case p.tier == "" || p.state == payment.StateManual:
		return ""
	case p.ends.IsZero() && ends.Before(time.Now().AddDate(payment.Lifetime-1, 0, 0)), !p.ends.IsZero() && !ends.Equal(p.ends):
		return fmt.Sprintf("it ends at %v, not %v", ends, p.ends)
	}
	return ""
}

// booked says what the ledger has wrong of a purchase.
func (town *town) booked(p *purchase) string {
	seen, known, err := town.program.Store.Entitlement(town.t.Context(), town.shop.site.name, p.provider+":"+p.id)
	switch {
	case err != nil:
		return err.Error()
	case !known && p.nobody:
		return ""
	case !known:
		return "the ledger does not know it"
	case seen.Entitlement.State() != p.state:
		return fmt.Sprintf("the ledger says %s (%s)", seen.Entitlement.State(), seen.Entitlement.Outcome.Reason)
	case len(seen.Entitlement.History) != len(p.events) && !p.nobody:
		return fmt.Sprintf("the ledger has %d events of %d", len(seen.Entitlement.History), len(p.events))
	}
	return ""
}
