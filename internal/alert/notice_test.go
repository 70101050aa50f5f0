package alert

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAMessageSaysItAllInOneLine(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 22, 7, 1, 30, 999, time.UTC)
	for _, c := range []struct {
		kind    Kind
		site    string
		message message
		want    string
	}{
		{DeadLetters, "blog", message{Status: Open, Count: 100, Detail: "the last with cm:1"},
			"ghostcm blog: 100 jobs have failed for good since 2026-11-22 07:01 UTC: the last with cm:1 → ghostcm dlq list --site blog"},
		{DeadLetters, "blog", message{Status: Open, Count: 1},
			"ghostcm blog: 1 job has failed for good since 2026-11-22 07:01 UTC → ghostcm dlq list --site blog"},
		{Paused, "blog", message{Status: Open, Count: 1, Detail: "campaignmonitor: invalid <key> & list"},
			"ghostcm blog: paused since 2026-11-22 07:01 UTC: campaignmonitor: invalid &lt;key&gt; &amp; list" +
				" → mend the configuration: ghostcm doctor blog"},
		{Paused, "blog", message{Status: Resolved, Detail: "campaignmonitor: invalid key"},
			"ghostcm blog: resolved: no longer paused at 2026-11-22 07:01 UTC"},
		{Breaker, "blog", message{Status: Open, Count: 2, Detail: "ghost: HTTP 503"},
			"ghostcm blog: an upstream fails again and again since 2026-11-22 07:01 UTC: ghost: HTTP 503 → nothing is lost, jobs wait: ghostcm status"},
		{QueueStuck, "", message{Status: Open, Count: 1, Detail: "no worker lives, and 3 members wait"},
			"ghostcm all sites: work does not move since 2026-11-22 07:01 UTC: no worker lives, and 3 members wait → ghostcm status --workers"},
		{Silence, "blog", message{Status: Open, Count: 1, Detail: "the last one at 2026-11-21 07:01 UTC"},
			"ghostcm blog: no webhook has come for long: the last one at 2026-11-21 07:01 UTC → ghostcm doctor blog"},
		{RemovalsCapped, "blog", message{Status: Open, Count: 1, Detail: "120 are too many for one day"},
			"ghostcm blog: removals are held since 2026-11-22 07:01 UTC: 120 are too many for one day" +
				" → check SITEN_GHOST_URL; if it is right: ghostcm sync blog --prune"},
		{UnmappedPurchase, "blog", message{Status: Open, Count: 2, Detail: "product prod_1 of stripe"},
			"ghostcm blog: 2 purchases have no tier since 2026-11-22 07:01 UTC: product prod_1 of stripe → give its product a tier: SITEN_TIERS"},
		{NeedsAttention, "blog", message{Status: Open, Count: 1, Detail: "the last: no_stripe"},
			"ghostcm blog: 1 purchase needs a person since 2026-11-22 07:01 UTC: the last: no_stripe" +
				" → ghostcm payments list --site blog --state needs_attention"},
		{Refused, "blog", message{Status: Open, Count: 3, Detail: "the last of stripe with signature_mismatch"},
			"ghostcm blog: 3 payment webhooks were refused and kept since 2026-11-22 07:01 UTC: the last of stripe with signature_mismatch" +
				" → compare the provider's secret with the one configured: ghostcm doctor blog"},
	} {
		c.message.Since = since
		if diff := cmp.Diff(c.want, c.message.notice(c.kind, c.site).Text); diff != "" {
			t.Error(diff)
		}
	}
}

func TestABodyHasAllFieldsForPrograms(t *testing.T) {
	t.Parallel()
	m := message{ID: "id1", Status: Open, Count: 2, Since: time.Date(2026, 11, 22, 8, 1, 30, 999, time.FixedZone("CET", 3600)), Detail: "ghost: a < b"}
	body, err := json.Marshal(m.notice(Breaker, "blog"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"alert": "breaker", "status": "open", "site": "blog", "count": 2.0, "since": "2026-11-22T07:01:30Z",
		"detail": "ghost: a < b", "next": "nothing is lost, jobs wait: ghostcm status", "id": "id1",
		"text": "ghostcm blog: an upstream fails again and again since 2026-11-22 07:01 UTC: ghost: a &lt; b → nothing is lost, jobs wait: ghostcm status",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Those who report put none in. A mistake of theirs must not reach a chat.
func TestNoAddressAndNoKeyPassesThrough(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]string{
		"the address Jo@Example.com is bad":              "the address [address] is bad",
		"GET /x?email=jo%40example.com failed":           "GET [address] failed",
		"<mailto:jo@example.com> @channel":               "[address] [address]",
		"key 0123456789abcdef01234567 is refused":        "key [id] is refused",
		"list 0123456789abcdef0123456789abcdef: missing": "list [id] missing",
		"two\nlines\r\n\tand \u202e turned":              "two lines and turned",
		"campaignmonitor: temporarily_unavailable-again": "campaignmonitor: temporarily_unavailable-again",
		strings.Repeat("a ", 150):                        strings.Repeat("a ", 99) + "a…",
		"broken \xff bytes":                              "broken ? bytes",
	} {
		if got := clean(detail); got != want {
			t.Errorf("%q became %q, want %q", detail, got, want)
		}
	}
}

func TestOnlyAnIDOfAProductPassesThrough(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"prod_123": "prod_123", "price-9:x.y": "price-9:x.y",
		"": "(unreadable)", "jo@example.com": "(unreadable)", "Jo Reed": "(unreadable)", strings.Repeat("x", 65): "(unreadable)",
	} {
		if got := productID(id); got != want {
			t.Errorf("%q became %q", id, got)
		}
	}
}
