package demo

import "github.com/ghostcm/ghostcm/internal/member"

// inWords says what an outcome means, to someone who sees the word for the first
// time.
func inWords(outcome string) (text string, t tone) {
	switch member.Outcome(outcome) {
	case member.Created:
		return "added to the list", good
	case member.Updated:
		return "fields updated", good
	case member.AddressChanged:
		return "address changed in place", good
	case member.Resubscribed:
		return "active again", good
	case member.Unchanged:
		return "nothing to write", dim
	case member.Removed:
		return "unsubscribed", good
	case member.Deactivated:
		return "unsubscribed, as Ghost asks", good
	case member.OptedOutFields:
		return "fields updated, stays unsubscribed", amber
	case member.NotAdded:
		return "not added: opted out", amber
	case member.Superseded:
		return "too late, ignored", dim
	case member.NotOnList:
		return "nothing to remove", dim
	}
	return outcome, plain
}
