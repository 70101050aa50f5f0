package payment

import (
	"strconv"
	"strings"
	"time"
)

// nameMember takes the member that a purchase names out of the metadata or custom data
// at these paths. The first that names one wins.
func (c *Customer) nameMember(n node, paths ...string) {
	for _, path := range paths {
		data := n.at(path)
		for _, key := range [...]string{"ghost_member_id", "ghost_id", "member_id"} {
			if id := data.text(key); c.MemberID == "" && isMemberID(id) {
				c.MemberID = id
			}
		}
		for _, key := range [...]string{"ghost_email", "ghost_member_email", "member_email"} {
			if email := data.text(key); c.MemberEmail == "" && isAddress(email) {
				c.MemberEmail = email
			}
		}
	}
}

// nameReference takes the member out of a field that holds the shop's own id of a
// customer, if it has the form of one of Ghost's ids or is an address.
func (c *Customer) nameReference(reference string) {
	switch {
	case c.MemberID == "" && isMemberID(reference):
		c.MemberID = reference
	case c.MemberEmail == "" && isAddress(reference):
		c.MemberEmail = reference
	}
}

// isMemberID is true of the form of a member's id. A member's uuid is not taken: a shop
// has uuids of its own, and Ghost is not asked by them.
func isMemberID(s string) bool { return len(s) == 24 && strings.Trim(s, "0123456789abcdef") == "" }

// bought collects the candidates of the things in one purchase.
func (e *Event) bought(things ...[]string) {
	var items [][]string
	for _, thing := range things {
		if thing = appendNew(nil, thing...); len(thing) > 0 {
			items = append(items, thing)
			e.Products = appendNew(e.Products, thing...)
		}
	}
	if len(items) > 1 {
		e.Items = items
	}
}

// alias puts the kind in front of an id; "" stays "".
func alias(kind, id string) string {
	if id == "" {
		return ""
	}
	return kind + ":" + id
}

// aliases are those of some ids that there are.
func aliases(all ...string) []string { return appendNew(nil, all...) }

// unreadable is of an event whose type we know, but which lacks what it is about.
func unreadable(provider, kind, lacks string) error {
	return &Unreadable{
		Provider: provider, What: kind + " names no " + lacks,
		Remedy: "retry it after an update of ghostcm, or look the purchase up with the provider and grant it by hand",
	}
}

// unknownStatus is of a subscription in a state that did not exist when this was
// written: it may have ended, so it must not pass for one that says nothing.
func unknownStatus(provider, kind string) error {
	return &Unreadable{
		Provider: provider, What: kind + " shows a status that is not known here",
		Remedy: "retry it after an update of ghostcm, or look the purchase up with the provider and grant or revoke it by hand",
	}
}

// keyOf joins the parts of a business key.
func keyOf(parts ...string) string { return strings.Join(parts, ":") }

// stamp writes a moment into a business key.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}
