package alert

import "strings"

// Kind is what an alert is about.
type Kind string

// The kinds. Dead letters and what concerns purchases happen; the others last until
// they end.
const (
	DeadLetters      Kind = "dead_letters"
	Silence          Kind = "silence"
	Paused           Kind = "paused"
	Breaker          Kind = "breaker"
	UnmappedPurchase Kind = "unmapped_purchase"
	NeedsAttention   Kind = "needs_attention"
	Refused          Kind = "payments_refused"
	RemovalsCapped   Kind = "removals_capped"
	QueueStuck       Kind = "queue_stuck"
)

// Kinds lists every kind, for metrics that start their series at zero.
func Kinds() []Kind {
	return []Kind{
		DeadLetters, Silence, Paused, Breaker, UnmappedPurchase, NeedsAttention, Refused, RemovalsCapped, QueueStuck,
	}
}

func (k Kind) happens() bool {
	return k == DeadLetters || k == UnmappedPurchase || k == NeedsAttention || k == Refused
}

// name is what an alert of a site is called in the store; "" is all sites.
func (k Kind) name(site string) string { return string(k) + ":" + site }

// parse takes a name apart; ok is false for what a newer version wrote.
func parse(name string) (k Kind, site string, ok bool) {
	kind, site, ok := strings.Cut(name, ":")
	for _, k := range Kinds() {
		if ok && string(k) == kind {
			return k, site, true
		}
	}
	return "", "", false
}
