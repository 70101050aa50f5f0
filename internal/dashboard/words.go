package dashboard

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// num writes a number with thin spaces between thousands.
func num(n int) string {
	text := strconv.Itoa(n)
	from := 0
	if n < 0 {
		from = 1
	}
	for i := len(text) - 3; i > from; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// span is how long something took or takes, in its largest unit or two.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		if m := int(d.Minutes()) % 60; m > 0 && d < 10*time.Hour {
			return fmt.Sprintf("%d h %d min", int(d.Hours()), m)
		}
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// shown is a stranger's text as one line.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case unicode.IsControl(r), isTurning(r):
			return -1
		}
		return r
	}, text)
}

// isTurning is of characters that change the direction of what follows, also
// beyond the text that they stand in.
func isTurning(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c'
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") }

func short(text string, n int) string {
	if len(text) > n {
		return text[:n]
	}
	return text
}

func percent(part, whole int) int {
	if whole <= 0 {
		return 0
	}
	return min(100*part/whole, 100)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return num(n) + " " + many
}

// agree is the word that agrees with a number.
func agree(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// pair is one count with its name.
type pair struct {
	Name string
	N    int
}

// pairs are the counts that are not zero, by their names.
func pairs(counts map[string]int) (all []pair) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] != 0 {
			all = append(all, pair{name, counts[name]})
		}
	}
	return all
}

// who did something, as the activity names them, in words.
func who(name string) string {
	switch name {
	case "":
		return "webhook"
	case "cli":
		return "command line"
	}
	return name
}

// tone is how bad an outcome or a state is.
func tone(outcome string) string {
	switch outcome {
	case "dead", "failed", "fail", "paused", "bad", "lost", "needs_attention":
		return "bad"
	case "retried", "waiting", "breaker_opened", "warn", "partly", "stopped", "dropped", "revealed", "running_late",
		"unmapped", "refused", "orphan":
		return "warn"
	case "unchanged", "not_added", "superseded", "begun", "skip", "neutral",
		"pending", "covered_by_native", "manual", "revoked", "asked", "ignored", "test", "contact":
		return "neutral"
	case "running":
		return "run"
	}
	return "good"
}

// label is an outcome, a kind or a reason in words.
func label(name string) string {
	if text, ok := labels()[name]; ok {
		return text
	}
	return words(name)
}

// advice is what to do about a failure, by its code: Campaign Monitor's
// or Ghost's status, or the API's own code.
func advice(code string) string {
	from, what, _ := strings.Cut(code, ":")
	name := map[string]string{"cm": "Campaign Monitor", "ghost": "Ghost"}[from]
	switch {
	case from == "cm" && (what == "1" || what == "211"), what == "invalid_address":
		return "Campaign Monitor does not take the address as it is. Correct it in Ghost, then replay: the newest address is taken."
	case name != "" && (len(what) == 3 && what[0] == '5'):
		return "That was a fault of " + name + "’s own, which is probably over by now. Replay it."
	case code == "timeout":
		return "Something took too long, which is probably over by now. Replay it."
	}
	return "Mend what the reason names, then replay it."
}

// meaning is what a state of a purchase is, where nothing is to be done about it.
func meaning(state string) string {
	return map[string]string{
		"granted":  "The member has the tier.",
		"ends_at":  "The member has the tier, and it ends by itself: cancelled, bought for a time, or a renewal is late.",
		"pending":  "Not paid yet, or not looked at yet. It is looked at within a minute.",
		"failed":   "Ghost could not be written to. It comes back when Ghost does, or when you retry it.",
		"unmapped": "Its product gives no tier. Add it to SITEN_TIERS of the site, and it is granted by itself.",
		"covered_by_native": "The member pays by Stripe in Ghost, or has a gift. " +
			"That is left alone; this is looked at again when it ends.",
		"manual": "A complimentary plan that somebody gave by hand covers it. " +
			"That is left alone; this is looked at again when it ends.",
		"revoked": "It is over: ended, refunded or disputed.",
	}[state]
}

// words makes a name of the program readable.
func words(name string) string {
	return strings.NewReplacer("_", " ", ".", " ").Replace(shown(name))
}

func labels() map[string]string {
	return map[string]string{
		"dead": "failed for good", "retried": "will be retried", "not_added": "not added", "opted_out_fields": "fields only: opted out",
		"breaker_opened": "breaker opened", "member.added": "joined", "member.updated": "changed", "member.edited": "changed",
		"member.deleted": "left", "dlq.replay": "replay", "dlq.drop": "drop", "sync.revert": "undo of a sync", "plan": "plan",
		"opted_out": "opted out in Campaign Monitor", "not_in_ghost": "not in Ghost", "unknown": "unknown to ghostcm",
		"dead_letter": "is a dead letter", "change_address": "change address", "opt_out": "opt-out to Ghost",
		"opted_out_ghost": "opted out in Ghost", "deleted_on_list": "deleted on the list by hand", "handed": "by the queue",
		"handed_failed": "failed in the queue", "handed_waiting": "waiting in the queue", "held": "removals not done: too many",
		"active": "active on the list", "ok": "in order", "warn": "should be known", "fail": "needs you", "reveal": "address shown",
		"gone": "gone: done meanwhile", "done": "done", "listing": "reading the list", "members": "comparing members",
		"removals": "removing", "queue": "waiting for the workers", "partly": "done, some failed",
		"needs_attention": "needs somebody", "ends_at": "granted, ends", "unmapped": "no tier",
		"covered_by_native": "covered by Ghost’s own",
		"manual":            "covered by hand", "payments.retry": "retry of a purchase", "payments.link": "link of a purchase",
		"asked":  "looked at again",
		"merged": "taken in", "orphan": "waits for its purchase", "contact": "tells who a customer is",
		"keep_until": "cancelled: ends later",
		"grant":      "bought, or active", "extend": "renewed", "uncancel": "cancellation taken back", "past_due": "renewal is late",
		"revoke": "ended", "suspend": "paused", "resume": "resumed", "refund": "refunded", "partial_refund": "refunded in part",
		"dispute": "disputed", "ignore": "says nothing of access",
	}
}

// iconPath is how an icon is drawn, on a ground of 16 by 16; "" if there is none.
func iconPath(name string) string {
	return map[string]string{
		"good":    "M3 8.5l3.2 3.2L13 5",
		"warn":    "M8 2.5l6 11H2zM8 6.5v3M8 11.4v.1",
		"bad":     "M4 4l8 8M12 4l-8 8",
		"neutral": "M4 8h8",
		"run":     "M8 2a6 6 0 1 1-5.2 3",
		"next":    "M6 3l5 5-5 5",
		"back":    "M10 3L5 8l5 5",
		"replay":  "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
		"drop":    "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9",
		"eye":     "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
		"pause":   "M5.5 3v10M10.5 3v10",
		"search":  "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.4 10.4L14 14",
	}[name]
}
