package payment

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// mergeMoney takes payments, refunds, links between their names, and disputes.
func (f *Facts) mergeMoney(ev Event) {
	var stands Dispute
	switch ev.Action {
	case ActionDispute:
		stands = DisputeOpen
	case ActionDisputeWon:
		stands = DisputeWon
	case ActionDisputeLost:
		stands = DisputeLost
	}
	if stands != "" && newer(ev.OccurredAt, f.Dispute.At, stands.weight()-f.Dispute.Dispute.weight()) {
		f.Dispute = DisputeFact{At: ev.OccurredAt, Dispute: stands}
	}
	money := MoneyFact{
		Key: cmp.Or(ev.Key, ev.ID), At: ev.OccurredAt, Action: ev.Action,
		Names: ev.paymentNames(), Amount: ev.Amount, Refunded: ev.Refunded,
	}
	if money.came() && ev.Paid || money.wentBack() || ev.Action == ActionLink {
		f.Money = top(append(slices.Clone(f.Money), money), maxMoney, func(m MoneyFact) string { return m.Key }, MoneyFact.compare)
	}
}

// paymentNames are the aliases that name one payment, and not all of a subscription.
func (e Event) paymentNames() []string {
	names := slices.DeleteFunc(slices.Clone(e.Aliases), func(name string) bool {
		return strings.HasPrefix(name, "subscription:") || strings.HasPrefix(name, "checkout:")
	})
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return names[:min(len(names), maxIDs)]
}

func (m MoneyFact) came() bool { return m.Action == ActionGrant || m.Action == ActionExtend }

func (m MoneyFact) wentBack() bool {
	return m.Action == ActionRefund || m.Action == ActionPartialRefund
}

func (m MoneyFact) compare(n MoneyFact) int {
	return cmp.Or(m.At.Compare(n.At), cmp.Compare(m.Key, n.Key), cmp.Compare(m.Action, n.Action), slices.Compare(m.Names, n.Names),
		cmp.Compare(m.Amount.Minor, n.Amount.Minor), cmp.Compare(m.Amount.Currency, n.Amount.Currency), cmp.Compare(m.Refunded, n.Refunded))
}

// givenBack says when the money for what is paid now went back, all of it or some.
// What is given back of an earlier payment changes nothing: a later one was made.
func (e *Entitlement) givenBack() (all, part time.Time) {
	for _, back := range e.Facts.Money {
		if !back.wentBack() {
			continue
		}
		of, known := e.paymentOf(back)
		switch {
		case known && e.paidAfter(of), !known && e.paidAnewSince(back.At):
			part = later(part, back.At)
		case e.wholly(back, of):
			all = later(all, back.At)
		default:
			part = later(part, back.At)
		}
	}
	return all, part
}

// paymentOf finds the payment that a refund is of, by its names and those that are
// linked to them. If it is not known, it is taken for the newest of its time.
func (e *Entitlement) paymentOf(back MoneyFact) (of MoneyFact, known bool) {
	names := e.linked(back.Names)
	shares := func(m MoneyFact) bool {
		return slices.ContainsFunc(m.Names, func(name string) bool { return slices.Contains(names, name) })
	}
	for _, m := range e.Facts.Money { // the oldest first
		switch {
		case !m.came():
		case shares(m):
			of, known = m, true
		case !known && (of.Key == "" || !m.At.After(back.At)):
			of = m
		}
	}
	return of, known
}

// linked are the names of a payment with all that events have told together.
func (e *Entitlement) linked(names []string) []string {
	names = slices.Clone(names)
	for grown := true; grown; {
		grown = false
		for _, m := range e.Facts.Money {
			if !slices.ContainsFunc(m.Names, func(name string) bool { return slices.Contains(names, name) }) {
				continue
			}
			for _, name := range m.Names {
				if !slices.Contains(names, name) {
					names, grown = append(names, name), true
				}
			}
		}
	}
	return names
}

func (e *Entitlement) paidAfter(of MoneyFact) bool {
	return slices.ContainsFunc(e.Facts.Money, func(m MoneyFact) bool { return m.came() && m.At.After(of.At.Add(closeBy)) })
}

// wholly says whether all money of a payment went back. PayPal and Zapier call every
// refund by one word, so the amounts decide; IPN tells each refund by itself. Where an
// amount is missing, the word counts.
func (e *Entitlement) wholly(back, of MoneyFact) bool {
	decides := e.Provider == PayPal || e.Provider == PayPalIPN || e.Provider == Zapier
	switch {
	case back.Action == ActionPartialRefund:
		return false
	case !decides, back.Refunded == 0, of.Amount.Minor <= 0, of.Amount.Currency != back.Amount.Currency:
		return true
	}
	var sum, most int64
	names := e.linked(back.Names)
	for _, m := range e.Facts.Money {
		same := m.Key == back.Key || slices.ContainsFunc(m.Names, func(name string) bool { return slices.Contains(names, name) })
		if m.wentBack() && same {
			sum, most = sum+m.Refunded, max(most, m.Refunded)
		}
	}
	if e.Provider == PayPalIPN {
		return sum >= of.Amount.Minor
	}
	return most >= of.Amount.Minor
}
