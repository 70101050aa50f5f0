package erasure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// Person is somebody at a site, by all that names them. Addresses are in clear.
type Person struct {
	Site   string
	Asked  string // the address or id that was asked for
	IDs    []string
	Emails []string
	owned  []string // hashes of addresses that nothing names in clear any more

	// InGhost is whether Ghost has them as a member; GhostErr that it could not say.
	InGhost  bool
	GhostErr error
	gone     map[string]bool // of which ids Ghost said that it has no such member
	buried   map[string]bool // of which ids we remember that they were deleted
	asked    map[string]bool // the ids and addresses that Ghost was asked for
	// former are addresses, by AddressKey, that a member had, or nearly had; true is of
	// one that is somebody else's by now, who is not to be forgotten.
	former map[string]bool

	// List is what Campaign Monitor has of each address; ListErr that it could not say.
	List    []Listed
	ListErr error

	OptedOut bool // that is remembered of one of the addresses
	Waiting  bool // an event of theirs is not applied yet
	Spooled  bool // one waits in the spool of this machine
	Running  []payment.Entitlement
}

// Listed is an address on the list.
type Listed struct {
	Email, State string // "" is of one that is not there
}

// ErrNoAdmin says that the site's Ghost cannot be asked.
var ErrNoAdmin = errors.New("the site has no Admin API key")

// Find gathers all that is known of who is meant by an address or an id of Ghost.
// The error is of Redis or of this machine's files.
func (f *Flow) Find(ctx context.Context, site, whom string) (Person, error) {
	p := Person{
		Site: site, Asked: strings.TrimSpace(whom), gone: map[string]bool{}, buried: map[string]bool{}, asked: map[string]bool{},
		former: map[string]bool{},
	}
	if id := strings.ToLower(p.Asked); ghost.ValidID(id) {
		p.IDs = []string{id}
	} else {
		p.Emails = []string{p.Asked}
	}
	f.askGhost(ctx, &p)
	if err := f.deleted(ctx, &p); err != nil {
		return p, err
	}
	// What is remembered leads to ids and addresses that Ghost may know otherwise, and
	// the other way round: an opt-out may be remembered of an address that only Ghost
	// tells of.
	for known := -1; known != p.known(); {
		known = p.known()
		if err := f.remembered(ctx, &p); err != nil {
			return p, err
		}
		f.askGhost(ctx, &p)
		f.confirmGone(ctx, &p)
	}
	if err := errors.Join(f.waits(ctx, &p), f.purchases(ctx, &p)); err != nil {
		return p, err
	}
	f.askList(ctx, &p)
	return p, nil
}

// known grows with what is found out of the person.
func (p *Person) known() int { return len(p.IDs) + len(p.Emails) + len(p.former) }

func (p *Person) addID(id string) {
	if id != "" && !slices.Contains(p.IDs, id) {
		p.IDs = append(p.IDs, id)
	}
}

func (p *Person) addEmail(email string) {
	same := func(known string) bool { return member.SameAddress(known, email) }
	if strings.TrimSpace(email) != "" && !slices.ContainsFunc(p.Emails, same) {
		p.Emails = append(p.Emails, email)
	}
}

// addFormer adds an address that may be somebody else's by now.
func (p *Person) addFormer(email string) {
	key := member.AddressKey(email)
	if _, known := p.former[key]; known || slices.ContainsFunc(p.Emails, func(one string) bool { return member.SameAddress(one, email) }) {
		return
	}
	p.former[key] = false
	p.addEmail(email)
}

// isOthers leaves out a former address that the member of this id has now.
func (p *Person) isOthers(email, id string) bool {
	key := member.AddressKey(email)
	if _, former := p.former[key]; !former || id == "" || slices.Contains(p.IDs, id) {
		return false
	}
	p.former[key] = true
	p.Emails = slices.DeleteFunc(p.Emails, func(one string) bool { return member.SameAddress(one, email) })
	return true
}

// askGhost learns of members by all addresses for which it was not asked before.
func (f *Flow) askGhost(ctx context.Context, p *Person) {
	if f.Ghost == nil {
		p.GhostErr = ErrNoAdmin
		return
	}
	for _, email := range slices.Clone(p.Emails) {
		for _, spelling := range []string{email, member.AddressKey(email)} {
			if p.asked[spelling] {
				continue
			}
			p.asked[spelling] = true
			facts, found, err := f.Ghost.MemberByEmail(ctx, spelling)
			if err != nil {
				p.GhostErr = err
				return
			}
			if found && p.isOthers(email, facts.ID) {
				break
			}
			p.learn(facts, found)
		}
	}
}

func (p *Person) learn(facts member.Facts, found bool) {
	if found {
		p.InGhost = true
		delete(p.former, member.AddressKey(facts.Email.Value))
		p.addID(facts.ID)
		p.addEmail(facts.Email.Value)
	}
}

// confirmGone asks Ghost for every id, once.
func (f *Flow) confirmGone(ctx context.Context, p *Person) {
	for _, id := range slices.Clone(p.IDs) {
		if p.GhostErr != nil || p.asked[id] || !ghost.ValidID(id) {
			continue
		}
		p.asked[id] = true
		facts, err := f.Ghost.Member(ctx, id)
		switch {
		case errors.Is(err, ghost.ErrNotFound):
			p.gone[id] = true
		case err != nil:
			p.GhostErr = err
		default:
			facts.ID = id
			p.learn(facts, true)
		}
	}
}

// deleted finds the members of former lives: who was deleted owns no address any more.
// Somebody else who had the address once, and is a member, is not them.
func (f *Flow) deleted(ctx context.Context, p *Person) error {
	ids, err := f.Store.ActiveAs(ctx, p.Site, p.Emails)
	if err != nil {
		return err
	}
	memories, err := f.Store.Recall(ctx, p.Site, ids)
	for i, r := range memories {
		if r.Known && r.Memory.DeletedAt != 0 {
			p.addID(ids[i])
		}
	}
	return err
}

// remembered goes from addresses to their owners and from members to their
// addresses, until nobody new is found.
func (f *Flow) remembered(ctx context.Context, p *Person) error {
	for before := -1; before != p.known(); {
		before = p.known()
		known, err := f.Store.RecallAddresses(ctx, p.Site, p.Emails)
		if err != nil {
			return err
		}
		for _, email := range slices.Clone(p.Emails) {
			a := known[member.AddressKey(email)]
			if p.isOthers(email, a.Owner) {
				continue
			}
			p.addID(a.Owner)
			p.OptedOut = p.OptedOut || a.OptOut != nil
		}
		if err := f.membersRemembered(ctx, p); err != nil {
			return err
		}
	}
	owned, err := f.Store.OwnedAddresses(ctx, p.Site, p.IDs)
	p.owned = slices.Sorted(maps.Keys(owned))
	for _, a := range owned {
		p.OptedOut = p.OptedOut || a.OptOut != nil
	}
	return err
}

func (f *Flow) membersRemembered(ctx context.Context, p *Person) error {
	memories, err := f.Store.Recall(ctx, p.Site, p.IDs)
	if err != nil {
		return err
	}
	for i, r := range memories {
		if r.Memory.DeletedAt != 0 {
			p.buried[p.IDs[i]] = true
		}
		p.addEmail(r.Memory.Email)
		inbox, err := f.Store.InboxAddresses(ctx, p.Site, p.IDs[i])
		if err != nil {
			return err
		}
		for _, email := range slices.Concat(r.Memory.Perhaps, r.Memory.Stale, inbox) {
			p.addFormer(email)
		}
		p.Waiting = p.Waiting || (r.Waiting != "" && r.Waiting != store.Dead)
	}
	return nil
}

// waits looks into the spool.
func (f *Flow) waits(_ context.Context, p *Person) (err error) {
	p.Spooled, err = f.Files.Waiting(func(text string) bool { return p.names(text, nil) })
	return err
}

// purchases finds those that are not over.
func (f *Flow) purchases(ctx context.Context, p *Person) error {
	var holders []store.Holder
	for _, id := range p.IDs {
		holders = append(holders, store.HolderMember(id))
	}
	for _, email := range p.Emails {
		holders = append(holders, store.HolderAddress(email))
	}
	found, err := f.Store.EntitlementsOf(ctx, p.Site, holders...)
	for _, v := range found {
		if e := v.Entitlement; e.State() != payment.StateRevoked && p.holds(e) {
			p.Running = append(p.Running, e)
		}
	}
	return err
}

func (p *Person) holds(e payment.Entitlement) bool {
	if id := e.MemberID(); id != "" {
		return slices.Contains(p.IDs, id)
	}
	return slices.ContainsFunc(p.Emails, func(email string) bool { return member.SameAddress(email, e.Email()) })
}

func (f *Flow) askList(ctx context.Context, p *Person) {
	for _, email := range p.Emails {
		s, err := f.List.Subscriber(ctx, f.ListID, email)
		if campaignmonitor.KindOf(err) == campaignmonitor.NotOnList {
			s, err = campaignmonitor.Subscriber{}, nil
		}
		if err != nil {
			p.ListErr = fmt.Errorf("asking for a subscriber: %w", err)
			return
		}
		p.List = append(p.List, Listed{Email: email, State: s.State})
	}
}

// protected is whether Campaign Monitor itself keeps the person from being made
// active at every address.
func (p *Person) protected() bool {
	for _, l := range p.List {
		if l.State == "" || l.State == member.StateActive {
			return false
		}
	}
	return p.ListErr == nil && len(p.List) > 0
}
