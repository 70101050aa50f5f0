package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// opaque is an id as it can be shown and kept. One that may hold an address, as a Zap
// may put into order_id, and one that is too long, becomes a hash, always the same: a
// refund still finds its purchase.
func opaque(id string) string {
	if !strings.Contains(id, "@") && len(id) <= maxWord {
		return id
	}
	mark := ""
	if strings.Contains(id, testMark) {
		mark = testMark
	}
	if isAddress(id) {
		id = cleanEmail(id)
	}
	sum := sha256.Sum256([]byte(id))
	return mark + hex.EncodeToString(sum[:12])
}

// conceal makes the ids of an event opaque. An alias keeps its kind.
func (e *Event) conceal() {
	e.ID, e.Key, e.Subject.ID = opaque(e.ID), opaque(e.Key), opaque(e.Subject.ID)
	for i, name := range e.Aliases {
		if kind, id, cut := strings.Cut(name, ":"); cut {
			e.Aliases[i] = kind + ":" + opaque(id)
		}
	}
}
