package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// maxSaves is how often a purchase is saved anew that changes meanwhile.
const maxSaves = 10

// findPurchases finds the purchases that are the person's, by all that the ones it
// finds lead to, and those of others that they paid for.
func (s *Store) findPurchases(ctx context.Context, e Erasure, f *finds) error {
	ledger := ledgerOf{Store: s, Erasure: e, finds: f, asked: map[Holder]bool{}, others: map[string]bool{}}
	for _, id := range e.IDs {
		ledger.ask(HolderMember(id))
	}
	for _, email := range e.Emails {
		ledger.ask(HolderAddress(email))
	}
	return ledger.walk(ctx)
}

// ledgerOf is the walk over a person's purchases.
type ledgerOf struct {
	*Store
	Erasure
	*finds
	asked map[Holder]bool
	next  []Holder
	// others are customers, by the provider's id, who are somebody else and paid for others, too:
	// their id is in what was sent about that one's purchases.
	others map[string]bool
}

func (l *ledgerOf) ask(h Holder) {
	if !l.asked[h] {
		l.asked[h] = true
		l.next = append(l.next, h)
	}
}

func (l *ledgerOf) walk(ctx context.Context) error {
	for len(l.next) > 0 {
		holders := l.next
		l.next = nil
		ids, err := l.held(ctx, l.Site, holders)
		if err != nil {
			return err
		}
		found, err := l.readEntitlements(ctx, l.Site, ids)
		if err != nil {
			return err
		}
		there := map[string]bool{}
		for _, v := range found {
			there[v.Entitlement.ID] = true
			l.take(v)
		}
		for _, id := range ids {
			if !there[id] { // it has aged, but not what led to it
				l.takeIndexes(id, holders)
			}
		}
	}
	l.names = slices.DeleteFunc(l.names, func(id string) bool { return l.others[id] })
	return nil
}

func (l *ledgerOf) take(v Versioned) {
	e := v.Entitlement
	if slices.Contains(l.Purchases, e.ID) || slices.ContainsFunc(l.payers, func(p Versioned) bool { return p.Entitlement.ID == e.ID }) {
		return
	}
	if !l.owns(e) {
		if redact(&e, l.Erasure) {
			l.payers = append(l.payers, v)
			l.Counts["payers"]++
		} else {
			l.others[e.Customer.ID] = true
		}
		return
	}
	l.key("purchases", entitlementKey(l.Site, e.ID))
	var holders []Holder
	for _, h := range holdersOf(e) {
		holders = append(holders, Holder(h))
	}
	l.takeIndexes(e.ID, holders)
	for _, alias := range e.Aliases {
		l.grouped[aliasKey(l.Site, e.Provider, alias)] = append(l.grouped[aliasKey(l.Site, e.Provider, alias)], e.ID)
	}
	if e.Customer.ID != "" {
		l.ask(HolderCustomer(e.Provider, e.Customer.ID))
	}
	l.names = append(l.names, namesOf(e)...)
}

// takeIndexes takes a purchase out of all that leads to it.
func (l *ledgerOf) takeIndexes(id string, holders []Holder) {
	l.Purchases = append(l.Purchases, id)
	l.ranked[dueKey] = append(l.ranked[dueKey], waitingName(l.Site, id))
	l.ranked[entitlementsKey(l.Site)] = append(l.ranked[entitlementsKey(l.Site)], id)
	for _, state := range payment.States() {
		key := standingKey(l.Site, string(state))
		l.ranked[key] = append(l.ranked[key], id)
	}
	for _, h := range holders {
		l.grouped[holderKey(l.Site, h)] = append(l.grouped[holderKey(l.Site, h)], id)
	}
}

// owns says whether a purchase is the person's own, not one that they paid for
// somebody else.
func (l *ledgerOf) owns(e payment.Entitlement) bool {
	if id := e.MemberID(); id != "" {
		return slices.Contains(l.IDs, id)
	}
	return slices.ContainsFunc(l.Emails, func(email string) bool { return member.SameAddress(email, e.Email()) }) ||
		e.Email() == "" // it was found by the customer
}

// namesOf are the ids by which a provider names the purchase and its customer, long
// enough to be nobody else's.
func namesOf(e payment.Entitlement) (all []string) {
	add := func(id string) {
		if len(id) >= 8 {
			all = append(all, id)
		}
	}
	add(e.Subject.ID)
	add(e.Customer.ID)
	for _, alias := range e.Aliases {
		_, id, _ := strings.Cut(alias, ":")
		add(id)
	}
	return all
}

// redactPayers takes the person out of the purchases of others.
func (s *Store) redactPayers(ctx context.Context, e Erasure, all []Versioned) error {
	for _, v := range all {
		if err := s.redactPayer(ctx, e, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) redactPayer(ctx context.Context, e Erasure, v Versioned) error {
	id := v.Entitlement.ID
	for range maxSaves {
		redact(&v.Entitlement, e)
		_, saved, err := s.SaveEntitlement(ctx, v.Entitlement, v.Version)
		if err != nil || saved {
			return err
		}
		found := false
		if v, found, err = s.Entitlement(ctx, e.Site, id); err != nil || !found {
			return err
		}
	}
	return fmt.Errorf("purchase %s changes all the time", id)
}

// redact clears what names the person, and keeps who has the purchase. It says whether
// anything did.
func redact(e *payment.Entitlement, of Erasure) (did bool) {
	theirs := func(email string) bool {
		return slices.ContainsFunc(of.Emails, func(one string) bool { return member.SameAddress(one, email) })
	}
	if theirs(e.Customer.Email) {
		e.Customer.Email, e.Customer.Name = "", ""
		e.Facts.Customer.Email.Word, e.Facts.Customer.Name.Word = "", ""
		did = true
	}
	if theirs(e.Customer.MemberEmail) {
		e.Customer.MemberEmail, e.Facts.Customer.MemberEmail.Word = "", ""
		did = true
	}
	if slices.Contains(of.IDs, e.Customer.MemberID) {
		e.Customer.MemberID, e.Facts.Customer.MemberID.Word = "", ""
		did = true
	}
	return did
}
