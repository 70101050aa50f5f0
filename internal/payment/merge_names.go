package payment

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// mergeProducts takes what was bought. A refund may name what was bought long ago,
// so events of its life go first.
func (f *Facts) mergeProducts(ev Event) {
	if len(ev.Products) == 0 {
		return
	}
	told := ProductFact{Life: ev.lives(), At: ev.OccurredAt, IDs: ev.Products, Items: ev.Items}
	f.Products = top(append(slices.Clone(f.Products), told), maxLists,
		func(p ProductFact) string { return strings.Join(p.IDs, "\n") }, ProductFact.compare)
}

func (p ProductFact) compare(q ProductFact) int {
	return cmp.Or(compareBool(p.Life, q.Life), p.At.Compare(q.At), slices.Compare(p.IDs, q.IDs),
		slices.CompareFunc(p.Items, q.Items, slices.Compare[[]string]))
}

// products is what was bought, for the mapping. The newest word counts; an older one
// is added where it says more of the same, as a plan besides a name, or names it by
// another kind of id, as the link that it was bought by.
func (f *Facts) products() (ids []string, items [][]string) {
	for i, p := range slices.Backward(f.Products) {
		switch newest := f.Products[len(f.Products)-1]; {
		case i == len(f.Products)-1:
			ids, items = slices.Clone(p.IDs), p.Items
		case within(newest.IDs, p.IDs):
			ids = append(ids, p.IDs...)
			if len(items) == 0 {
				items = p.Items
			}
		default:
			ids = append(ids, ofOtherKinds(p.IDs, ids)...)
		}
	}
	var each []string
	for _, id := range ids {
		if !slices.Contains(each, id) {
			each = append(each, id)
		}
	}
	return each, items
}

// ofOtherKinds are those ids that tell a kind which the others have none of.
func ofOtherKinds(ids, others []string) (found []string) {
	for _, id := range ids {
		kind := kindOf(id)
		if kind != "" && !slices.ContainsFunc(others, func(other string) bool { return kindOf(other) == kind }) {
			found = append(found, id)
		}
	}
	return found
}

// within says whether all of some ids are among others.
func within(some, others []string) bool {
	return !slices.ContainsFunc(some, func(id string) bool { return !slices.Contains(others, id) })
}

// kindOf is the kind that an id tells: "price" of "price_1Mz"; empty of most.
func kindOf(id string) string {
	kind, _, cut := strings.Cut(id, "_")
	if !cut || len(kind) > 12 || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return kind
}

// mergeNames takes other ids, the customer and the amount.
func (f *Facts) mergeNames(ev Event) {
	if len(ev.Aliases) > 0 {
		all := slices.Clone(f.Aliases)
		for _, name := range ev.Aliases {
			all = append(all, AliasFact{Name: name, At: ev.OccurredAt})
		}
		f.Aliases = top(all, maxAliases, func(a AliasFact) string { return a.Name },
			func(a, b AliasFact) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Name, b.Name)) })
	}
	c := &f.Customer
	c.ID = c.ID.merge(ev.OccurredAt, ev.Customer.ID)
	c.Email = c.Email.merge(ev.OccurredAt, ev.Customer.Email)
	c.Name = c.Name.merge(ev.OccurredAt, ev.Customer.Name)
	c.MemberID = c.MemberID.merge(ev.OccurredAt, ev.Customer.MemberID)
	c.MemberEmail = c.MemberEmail.merge(ev.OccurredAt, ev.Customer.MemberEmail)
	amount := AmountFact{Paid: ev.Paid, At: ev.OccurredAt, Amount: ev.Amount}
	if ev.restores() && ev.Amount.Currency != "" && amount.compare(f.Amount) > 0 {
		f.Amount = amount
	}
	f.Test = f.Test || ev.Test
}

func (t Told) merge(at time.Time, word string) Told {
	if word == "" || len(word) > maxWord || !newer(at, t.At, cmp.Compare(word, t.Word)) {
		return t
	}
	return Told{At: at, Word: word}
}

func (a AmountFact) compare(b AmountFact) int {
	return cmp.Or(compareBool(a.Paid, b.Paid), a.At.Compare(b.At),
		cmp.Compare(a.Amount.Minor, b.Amount.Minor), cmp.Compare(a.Amount.Currency, b.Amount.Currency))
}

// summarise reads out of the facts what others look at.
func (e *Entitlement) summarise() {
	f := e.Facts
	e.Aliases = nil
	for _, a := range slices.Backward(f.Aliases) {
		e.Aliases = append(e.Aliases, a.Name)
	}
	e.Products, _ = f.products()
	e.Customer = Customer{
		ID: f.Customer.ID.Word, Email: f.Customer.Email.Word, Name: f.Customer.Name.Word,
		MemberID: f.Customer.MemberID.Word, MemberEmail: f.Customer.MemberEmail.Word,
	}
	e.Amount, e.Test = f.Amount.Amount, f.Test
}
