package ghosttest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// payerQuestions are about members who pay in Ghost itself. Only a Ghost with Stripe,
// or with a stand-in for it, can be asked.
func payerQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"payer: tiers are refused":    (*contract).payersTiers,
		"payer: all else is taken":    (*contract).payersFields,
		"payer: an end for their own": (*contract).payerPoisoned,
		"payer: the word comped":      (*contract).payerComped,
		"payer: the end":              (*contract).payerEnds,
		"payer: who was comped":       (*contract).compedWhoPays,
	}
}

// nightlyQuestions need a Ghost whose nightly job can be run by day.
func nightlyQuestions() map[string]func(*contract) {
	return map[string]func(*contract){"nightly: what has ended": (*contract).nightlyEnds}
}

// gold is a paid tier that is not the default one, by its name and as it is given.
func (c *contract) gold() map[string]any {
	c.Helper()
	return c.tier(func(t map[string]any) bool { return t["name"] == "Contract Gold" })
}

// standing is a member in short: status, tiers, and what Stripe has for them.
func (c *contract) standing(m map[string]any) string {
	c.Helper()
	m = c.read(m)
	parts := append([]string{fmt.Sprint(m["status"])}, texts(m["tiers"], "name")...)
	rows, _ := m["subscriptions"].([]any)
	for _, row := range rows {
		s, _ := row.(map[string]any)
		plan, _ := s["plan"].(map[string]any)
		if s["id"] != "" {
			parts = append(parts, fmt.Sprint("stripe ", s["status"], " ", plan["amount"]))
		}
	}
	return strings.Join(parts, ", ")
}

func (c *contract) stands(what string, m map[string]any, want string) {
	c.Helper()
	if got := c.standing(m); got != want {
		c.Errorf("%s: %s; want %s", what, got, want)
	}
}

const goldPayer = "paid, Contract Gold, stripe active 500"

func (c *contract) payersTiers() {
	m, _ := c.pays(c, c.email("payer"), "Contract Gold")
	gold, other := c.gold(), c.tier(func(t map[string]any) bool { return t["type"] == "paid" && t["name"] != "Contract Gold" })
	c.stands("at first", m, goldPayer)
	for name, tiers := range map[string][]any{
		"another": {fields{"id": other["id"]}}, "none": {}, "one more": {fields{"id": gold["id"]}, fields{"id": other["id"]}},
	} {
		if a := c.ask(call{method: http.MethodPut, path: path(m), body: one(fields{"tiers": tiers})}); a.status != http.StatusBadRequest {
			c.Errorf("%s: answered %d", name, a.status)
		}
		c.stands(name, m, goldPayer)
	}
}

func (c *contract) payersFields() {
	m, _ := c.pays(c, c.email("payer"), "Contract Gold")
	c.edit(m, fields{"name": "Pays", "note": "by Stripe", "labels": []any{fields{"name": "Payer " + c.run}}, "newsletters": []any{}})
	got := c.read(m)
	if got["name"] != "Pays" || got["note"] != "by Stripe" || !slices.Equal(texts(got["labels"], "name"), []string{"Payer " + c.run}) {
		c.Errorf("an edit left %v, %v, %v", got["name"], got["note"], got["labels"])
	}
	c.stands("an edit of all else", m, goldPayer)
}

// payerPoisoned is why ghostcm never names the tiers of who pays in Ghost: Ghost takes
// an end for the tier that is paid for, and takes the tier away at that end.
func (c *contract) payerPoisoned() {
	m, _ := c.pays(c, c.email("payer"), "Contract Gold")
	c.edit(m, fields{"tiers": c.given(c.gold(), "2020-01-02T03:04:05.000Z")})
	c.stands("an end", m, goldPayer)
	if c.nightly != nil {
		c.nightly(c)
		c.stands("after the nightly job", m, "paid, stripe active 500")
	}
}

func (c *contract) payerComped() {
	m, _ := c.pays(c, c.email("payer"), "Contract Gold")
	byDefault := c.paidTier()["name"].(string)
	free := "comped, " + byDefault + ", stripe active 0"
	c.edit(m, fields{"comped": true})
	c.stands("comped", m, free)
	c.edit(m, fields{"comped": false})
	c.stands("comped no more", m, free)
}

func (c *contract) payerEnds() {
	m, ends := c.pays(c, c.email("payer"), "Contract Gold")
	l := c.listen()
	ends()
	c.until("the member goes on paying", func() bool { return c.read(m)["status"] != "paid" })
	over := ", stripe canceled 500"
	c.stands("the end", m, "free"+over)
	if told := l.told(1); len(told) == 0 || told[len(told)-1].Member.Current["status"] != "free" {
		c.Errorf("%d webhooks of it", len(told))
	}
	c.edit(m, fields{"tiers": c.given(c.gold(), "2031-06-01T00:00:00.000Z")})
	c.stands("a tier given after it", m, "comped, Contract Gold"+over)
	c.edit(m, fields{"tiers": []any{}})
	c.stands("and taken", m, "free"+over)
}

// compedWhoPays lose what was given, and do not get it back at the end.
func (c *contract) compedWhoPays() {
	for _, given := range []string{"Contract Gold", c.paidTier()["name"].(string)} {
		tier := c.tier(func(t map[string]any) bool { return t["name"] == given })
		email := c.email("comped " + tier["id"].(string))
		before := c.add(fields{"email": strings.ReplaceAll(email, " ", ""), "tiers": c.given(tier, "2031-06-01T00:00:00.000Z")})
		m, ends := c.pays(c, before["email"].(string), "Contract Gold")
		if m["id"] != before["id"] {
			c.Fatalf("who was comped is another member: %v", m["id"])
		}
		c.stands(given+", then paying", m, goldPayer)
		ends()
		c.until("the member goes on paying", func() bool { return c.read(m)["status"] != "paid" })
		c.stands(given+", then paying no more", m, "free, stripe canceled 500")
	}
}

// nightlyEnds is the whole of what ends by itself: without Stripe, and when ghostcm is
// away. On SQLite Ghost compares a number with a text, and ends whatever has an end.
func (c *contract) nightlyEnds() {
	l := c.listen()
	today := time.Now().UTC().Truncate(24 * time.Hour)
	ends := map[string]any{
		"two days ago": today.AddDate(0, 0, -2).Format(time.RFC3339), "just before today": today.Add(-time.Second).Format(time.RFC3339),
		"today": today.Format(time.RFC3339), "2031": "2031-06-01T10:20:30.000Z", "never": nil,
	}
	members, want := map[string]map[string]any{}, map[string]string{}
	for name, at := range ends {
		members[name] = c.add(fields{"tiers": c.given(c.gold(), at)})
		want[name] = "free"
		if name == "never" || c.mariadb && (name == "today" || name == "2031") {
			want[name] = "comped, Contract Gold"
		}
	}
	l.told(len(members))
	c.nightly(c)
	var ended int
	for name, m := range members {
		c.stands(name, m, want[name])
		if want[name] == "free" {
			ended++
		}
	}
	for _, w := range l.told(ended) {
		if w.line() != "member.edited status updated_at" { // the tiers were gone before
			c.Errorf("the nightly job told %q", w.line())
		}
		ended--
	}
	if ended != 0 {
		c.Errorf("%d webhooks too few", ended)
	}
}
