package entitlement

import (
	"context"
	"errors"
	"slices"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// person is who an entitlement is for, under the lock of their access.
type person struct {
	access ghost.Access // no id: not a member yet
	email  string       // by which a member is looked for, or made; "" if none is known
	lease  *store.Lease // of the member; of the address while there is none
	gone   bool         // the member that it was linked to is no more
}

func (p person) isMember() bool { return p.access.ID != "" }

// address is the member's, or the one that a member is made with.
func (p person) address() string {
	if p.isMember() {
		return p.access.Email
	}
	return p.email
}

// find finds the person: the member that the entitlement is linked to, the one that
// the purchase names, or the one with the purchase's address.
func (v *visit) find(ctx context.Context) (person, error) {
	e := &v.about.Entitlement
	if id := e.MemberID(); ghost.ValidID(id) {
		p, found, err := v.memberByID(ctx, id)
		if err != nil || found {
			return p, err
		}
	}
	// An operator's link stands against every address.
	if e.Linked != "" && e.LinkedBy == payment.LinkedByOperator {
		return person{gone: true}, nil
	}
	p, err := v.byAddress(ctx, e.Email())
	p.gone = e.Linked != "" && !p.isMember()
	return p, err
}

func (v *visit) memberByID(ctx context.Context, id string) (p person, found bool, err error) {
	lease, err := v.lock(ctx, id)
	if err != nil {
		return person{}, false, err
	}
	v.met = true
	a, err := v.site.Ghost.AccessByID(ctx, id)
	if errors.Is(err, ghost.ErrNotFound) {
		return person{}, false, nil
	}
	return person{access: a, email: member.AddressKey(a.Email), lease: lease}, err == nil, err
}

// byAddress looks for the member with an address, under the lock of the address: of
// two purchases by somebody who is new, one makes the member.
func (v *visit) byAddress(ctx context.Context, email string) (person, error) {
	email = member.AddressKey(email)
	if email == "" {
		return person{}, nil
	}
	lease, err := v.lock(ctx, addressID(email))
	if err != nil {
		return person{}, err
	}
	v.met = true
	a, found, err := v.byAnySpelling(ctx, email)
	if errors.Is(err, ghost.ErrUnsearchable) { // such an address no member can have
		return person{}, nil
	}
	if err != nil {
		return person{}, err
	}
	if found {
		// What was read before the member's lock may be old by now.
		p, still, err := v.memberByID(ctx, a.ID)
		if err != nil || still {
			p.email = email
			return p, err
		}
	}
	return person{email: email, lease: lease}, nil
}

// byAnySpelling asks Ghost for the member with an address. On SQLite it finds only the
// spelling it is asked for, and would take a second member in beside the first.
func (v *visit) byAnySpelling(ctx context.Context, email string) (a ghost.Access, found bool, err error) {
	a, found, err = v.site.Ghost.AccessByEmail(ctx, email)
	if err != nil || found {
		return a, found, err
	}
	house, err := v.ghosts[v.site.Name].of(ctx, v.site.Ghost, v.Now(), false)
	if err != nil || !house.sqlite {
		return a, false, err
	}
	return v.site.Ghost.AccessInAnyCase(ctx, email)
}

// theirs are all entitlements of the person, and the one that the job is about.
func (v *visit) theirs(ctx context.Context, p person) ([]store.Versioned, error) {
	all, err := v.held(ctx, p)
	if err != nil {
		return nil, err
	}
	id := v.about.Entitlement.ID
	if slices.ContainsFunc(all, func(o store.Versioned) bool { return o.Entitlement.ID == id }) {
		return all, nil
	}
	about, found, err := v.Store.Entitlement(ctx, v.site.Name, id)
	if err != nil {
		return nil, err
	}
	if found {
		all = append(all, about)
	}
	return all, nil
}

// held are the entitlements that say themselves that they are the person's.
func (v *visit) held(ctx context.Context, p person) ([]store.Versioned, error) {
	var holders []store.Holder
	if p.isMember() {
		holders = append(holders, store.HolderMember(p.access.ID))
	}
	if address := p.address(); address != "" {
		holders = append(holders, store.HolderAddress(address))
	}
	if len(holders) == 0 {
		return nil, nil
	}
	all, err := v.Store.EntitlementsOf(ctx, v.site.Name, holders...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(o store.Versioned) bool {
		return !o.Entitlement.BelongsTo(p.access.ID, p.address())
	}), nil
}
