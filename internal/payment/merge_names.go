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
	life := ev.lives()
	var told []ProductFact
	for pos, id := range ev.Products {
		kind := kindOf(id)
		i := slices.IndexFunc(told, func(p ProductFact) bool { return p.Kind == kind })
		if i < 0 {
			i = len(told)
			told = append(told, ProductFact{Kind: kind, Life: life, At: ev.OccurredAt, Pos: pos})
		}
		told[i].IDs = append(told[i].IDs, id)
	}
	all := append(slices.Clone(f.Products), told...)
	slices.SortFunc(all, func(a, b ProductFact) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), b.compare(a)) })
	all = slices.CompactFunc(all, func(a, b ProductFact) bool { return a.Kind == b.Kind })
	f.Products = slices.Clip(all[:min(len(all), maxKinds)])
	items := ItemsFact{Life: life, At: ev.OccurredAt, Items: ev.Items}
	if f.Items.At.IsZero() || items.compare(f.Items) > 0 {
		f.Items = items
	}
}

func (p ProductFact) compare(q ProductFact) int {
	return cmp.Or(compareBool(p.Life, q.Life), p.At.Compare(q.At), slices.Compare(p.IDs, q.IDs), cmp.Compare(q.Pos, p.Pos))
}

func (i ItemsFact) compare(j ItemsFact) int {
	return cmp.Or(compareBool(i.Life, j.Life), i.At.Compare(j.At), slices.CompareFunc(i.Items, j.Items, slices.Compare[[]string]))
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
	kinds := slices.Clone(f.Products)
	slices.SortFunc(kinds, func(a, b ProductFact) int {
		return cmp.Or(compareBool(b.Life, a.Life), b.At.Compare(a.At), cmp.Compare(a.Pos, b.Pos), cmp.Compare(a.Kind, b.Kind))
	})
	e.Products = nil
	for _, p := range kinds {
		e.Products = append(e.Products, p.IDs...)
	}
	e.Customer = Customer{
		ID: f.Customer.ID.Word, Email: f.Customer.Email.Word, Name: f.Customer.Name.Word,
		MemberID: f.Customer.MemberID.Word, MemberEmail: f.Customer.MemberEmail.Word,
	}
	e.Amount, e.Test = f.Amount.Amount, f.Test
}
