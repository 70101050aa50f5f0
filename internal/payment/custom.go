package payment

import "strings"

// memberPrefix marks what names a member of Ghost in a text that a shop passes
// through a payment (PayPal's custom and custom_id, a parameter of a link).
const memberPrefix = "ghost:"

// custom is what such a text says.
type custom struct {
	MemberID, MemberEmail string
	Products              []string
}

// readCustom reads a text like "ghost:jo@example.com", "gold" or
// "gold|ghost:6512f0a1b2c3d4e5f6a7b8c9": what names a member, and what may name a
// product. An address needs no prefix: nothing else looks like one.
func readCustom(s string) custom {
	var c custom
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '|' || r == ';' }) {
		part = strings.TrimSpace(part)
		name, marked := strings.CutPrefix(part, memberPrefix)
		switch {
		case part == "":
		case isAddress(name):
			c.MemberEmail = name
		case marked && isGhostID(name):
			c.MemberID = name
		case !marked:
			c.Products = appendNew(c.Products, part)
		}
	}
	return c
}

// name tells a customer what the text says of the member.
func (c custom) name(who *Customer) {
	if who.MemberID == "" {
		who.MemberID = c.MemberID
	}
	if who.MemberEmail == "" {
		who.MemberEmail = c.MemberEmail
	}
}

// isAddress is true of what can be an e-mail address and nothing else.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " \t\r\n/:,<>")
}

// isGhostID is true of the forms that a member's id (24 hex digits) and uuid have.
func isGhostID(s string) bool {
	digits := strings.ReplaceAll(s, "-", "")
	isHex := strings.Trim(digits, "0123456789abcdefABCDEF") == ""
	return isHex && (len(s) == 24 && len(digits) == 24 || len(s) == 36 && len(digits) == 32)
}
