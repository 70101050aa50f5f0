package alert

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// notice is the body of a message. Receivers of chat programs read its text alone.
type notice struct {
	Text   string    `json:"text"` // one line
	Alert  Kind      `json:"alert"`
	Status Status    `json:"status"`
	Site   string    `json:"site"` // "" for all sites
	Count  int       `json:"count"`
	Since  time.Time `json:"since"`
	Detail string    `json:"detail"`
	Next   string    `json:"next"` // what to do, or where to look
	ID     string    `json:"id"`   // the same whenever one message is tried again
}

func (m message) notice(k Kind, site string) notice {
	n := notice{
		Alert: k, Status: m.Status, Site: site, Count: m.Count, Since: m.Since.UTC().Truncate(time.Second),
		Detail: clean(m.Detail), ID: m.ID,
	}
	if m.Status == Open {
		n.Next = next(k, site)
	}
	n.Text = n.line()
	return n
}

// line says it all in one line, in the form that Slack and those like it read:
// https://docs.slack.dev/messaging/formatting-message-text asks for three escapes.
func (n notice) line() string {
	about := n.Site
	if about == "" {
		about = "all sites"
	}
	said := n.what()
	if n.Status == Resolved {
		said = "resolved: " + n.Alert.ended() + " at " + clock(n.Since)
	}
	line := "ghostcm " + about + ": " + said
	if n.Detail != "" && n.Status == Open {
		line += ": " + n.Detail
	}
	if n.Next != "" {
		line += " → " + n.Next
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(line)
}

func (n notice) what() string {
	since := " since " + clock(n.Since)
	switch n.Alert {
	case DeadLetters:
		return plural(n.Count, "job has failed for good", "jobs have failed for good") + since
	case UnmappedPurchase:
		return plural(n.Count, "purchase has no tier", "purchases have no tier") + since
	case NeedsAttention:
		return plural(n.Count, "purchase needs a person", "purchases need a person") + since
	case Refused:
		return plural(n.Count, "payment webhook was refused and kept", "payment webhooks were refused and kept") + since
	case Silence:
		return "no webhook has come for long"
	case Paused:
		return "paused" + since
	case Breaker:
		return "an upstream fails again and again" + since
	case RemovalsCapped:
		return "removals are held" + since
	case QueueStuck:
		return "work does not move" + since
	}
	return string(n.Alert) + since
}

// ended is what the end of something that lasted is called.
func (k Kind) ended() string {
	switch k {
	case Silence:
		return "webhooks come again"
	case Paused:
		return "no longer paused"
	case Breaker:
		return "the upstream works again"
	case RemovalsCapped:
		return "no removals are held any more"
	case QueueStuck:
		return "work moves again"
	case DeadLetters, UnmappedPurchase, NeedsAttention, Refused: // these do not end
	}
	return string(k)
}

// next is a command to type, or what else to do.
func next(k Kind, site string) string {
	switch k {
	case DeadLetters:
		return "ghostcm dlq list --site " + site
	case UnmappedPurchase:
		return "give its product a tier: SITEN_TIERS"
	case NeedsAttention:
		return "ghostcm payments list --site " + site + " --state needs_attention"
	case Refused:
		return "compare the provider's secret with the one configured: ghostcm doctor " + site
	case Silence:
		return "ghostcm doctor " + site
	case Paused:
		return "mend the configuration: ghostcm doctor " + site
	case Breaker:
		return "nothing is lost, jobs wait: ghostcm status"
	case RemovalsCapped:
		return "check SITEN_GHOST_URL; if it is right: ghostcm sync " + site + " --prune"
	case QueueStuck:
		return "ghostcm status --workers"
	}
	return "ghostcm status"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func clock(t time.Time) string { return t.Format("2006-01-02 15:04 UTC") }

// What a detail may hold at most: characters in all, and of one word that reads
// like an id; longer ones may be keys.
const (
	longestDetail = 200
	longestToken  = 20
)

// clean makes one line of a detail, and takes out what looks like an address or a
// key. Those who report put none in; this holds for who will one day.
func clean(detail string) string {
	words := strings.FieldsFunc(detail, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	})
	for i, word := range words {
		if strings.Contains(word, "@") || strings.Contains(strings.ToLower(word), "%40") {
			words[i] = "[address]"
		} else if hasToken(word) {
			words[i] = "[id]"
		}
	}
	line := []rune(strings.ToValidUTF8(strings.Join(words, " "), "?"))
	if len(line) > longestDetail {
		return string(line[:longestDetail-1]) + "…"
	}
	return string(line)
}

// hasToken says whether a word has a long run of letters and digits with digits
// among them.
func hasToken(word string) bool {
	run, digits := 0, 0
	for _, r := range word {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' {
			run, digits = 0, 0
			continue
		}
		run++
		if unicode.IsDigit(r) {
			digits++
		}
		if run > longestToken && digits > 0 {
			return true
		}
	}
	return false
}
