package ghosttest_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

func tierQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"tier: a new member":           (*contract).newWithTier,
		"tier: given and taken":        (*contract).givenAndTaken,
		"tier: its end":                (*contract).ends,
		"tier: what is refused":        (*contract).refusedTiers,
		"tier: the word comped":        (*contract).wordComped,
		"tier: the complimentary plan": (*contract).complimentaryPlan,
	}
}

func (c *contract) given(tier map[string]any, expiry any) []any {
	g := fields{"id": tier["id"]}
	if expiry != nil {
		g["expiry_at"] = expiry
	}
	return []any{g}
}

func (c *contract) newWithTier() {
	m := c.add(fields{"tiers": c.given(c.paidTier(), "2031-06-01T10:20:30.456Z")})
	if m["status"] != "comped" || m["comped"] != true || len(m["tiers"].([]any)) != 1 {
		c.Errorf("status %v, comped %v, tiers %v", m["status"], m["comped"], texts(m["tiers"], "name"))
	}
}

// givenAndTaken is the heart of the truth table: without Stripe the status stays.
func (c *contract) givenAndTaken() {
	tier := c.paidTier()
	m := c.edit(c.add(fields{}), fields{"tiers": c.given(tier, "2031-06-01T00:00:00.000Z")})
	want := map[bool]string{false: "free", true: "comped"}[c.stripe]
	if m["status"] != want || !slices.Equal(texts(m["tiers"], "id"), []string{tier["id"].(string)}) {
		c.Errorf("given: status %v, want %s; tiers %v", m["status"], want, texts(m["tiers"], "name"))
	}
	if m = c.edit(m, fields{"tiers": []any{}}); m["status"] != "free" || len(m["tiers"].([]any)) != 0 {
		c.Errorf("taken: status %v, tiers %v", m["status"], texts(m["tiers"], "name"))
	}
	born := c.add(fields{"tiers": c.given(tier, nil)})
	want = map[bool]string{false: "comped", true: "free"}[c.stripe]
	if born = c.edit(born, fields{"tiers": []any{}}); born["status"] != want || len(born["tiers"].([]any)) != 0 {
		c.Errorf("taken from somebody who was born comped: status %v, want %s", born["status"], want)
	}
}

func expiry(m map[string]any) any {
	tiers, _ := m["tiers"].([]any)
	if len(tiers) == 0 {
		return "no tier"
	}
	t, _ := tiers[0].(map[string]any)
	return t["expiry_at"]
}

func (c *contract) ends() {
	tier := c.paidTier()
	m := c.add(fields{"tiers": c.given(tier, "2031-06-01T10:20:30.456Z")})
	shown := func(text string) any {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			c.Fatal(err)
		}
		if c.mariadb {
			return at.Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")
		}
		return float64(at.UnixMilli())
	}
	for _, tt := range []struct {
		name       string
		said, want any
	}{
		{"as it was made", "", shown("2031-06-01T10:20:30.456Z")},
		{"another", "2032-01-02T03:04:05.000Z", shown("2032-01-02T03:04:05.000Z")},
		{"one that is past", "2020-01-02T03:04:05.000Z", shown("2020-01-02T03:04:05.000Z")},
		{"one that cannot be read", "soon", nil},
		{"again", "2032-01-02T03:04:05.000Z", shown("2032-01-02T03:04:05.000Z")},
		{"not said, which clears it", nil, nil},
	} {
		if tt.said != "" {
			c.nextSecond()
			before := m
			if m = c.edit(m, fields{"tiers": c.given(tier, tt.said)}); m["updated_at"] != before["updated_at"] {
				c.Errorf("%s moves updated_at", tt.name)
			}
		}
		if got := expiry(c.read(m)); got != tt.want {
			c.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	m = c.edit(m, fields{"tiers": c.given(tier, "2032-01-02T03:04:05.000Z")})
	if got := expiry(c.edit(m, fields{"name": "Another"})); got != shown("2032-01-02T03:04:05.000Z") {
		c.Errorf("an edit of the name leaves the end %v", got)
	}
}

func (c *contract) refusedTiers() {
	gold := c.tier(func(t map[string]any) bool { return t["name"] == "Contract Gold" })
	other := c.tier(func(t map[string]any) bool { return t["type"] == "paid" && t["id"] != gold["id"] })
	m := c.add(fields{})
	statuses := map[string]int{}
	for name, tiers := range map[string][]any{
		"two":         {fields{"id": gold["id"]}, fields{"id": other["id"]}},
		"unknown":     {fields{"id": "0123456789abcdef01234567"}},
		"by its slug": {fields{"slug": gold["slug"]}},
		"by its name": {fields{"name": gold["name"]}},
		"no key":      {fields{}},
	} {
		statuses[name] = c.ask(call{method: http.MethodPut, path: path(m), body: one(fields{"tiers": tiers})}).status
		c.edit(m, fields{"tiers": []any{}})
	}
	want := map[string]int{"two": 200, "unknown": 422, "by its slug": 200, "by its name": 200, "no key": 422}
	if c.stripe {
		want = map[string]int{"two": 400, "unknown": 400, "by its slug": 500, "by its name": 500, "no key": 422}
	}
	if fmt.Sprint(statuses) != fmt.Sprint(want) {
		c.Errorf("edits were answered %v, want %v", statuses, want)
	}
	two := one(fields{"email": c.email("two"), "tiers": []any{fields{"id": gold["id"]}, fields{"id": other["id"]}}})
	if a := c.ask(call{method: http.MethodPost, path: "members/", body: two}); a.status != http.StatusBadRequest || a.refusal().Context != "A member cannot have more than one Product" {
		c.Errorf("a new member with two: %+v", a.refusal())
	}
}

// wordComped is what ghostcm never sends: it does too much, or nothing.
func (c *contract) wordComped() {
	m := c.add(fields{})
	a := c.ask(call{method: http.MethodPost, path: "members/", body: one(fields{"email": c.email("comped"), "comped": true})})
	if want := map[bool]int{false: http.StatusUnprocessableEntity, true: http.StatusCreated}[c.stripe]; a.status != want {
		c.Errorf("a new member was answered %d, want %d", a.status, want)
	}
	if want := map[bool]string{false: "free", true: "comped"}[c.stripe]; c.edit(m, fields{"comped": true})["status"] != want {
		c.Errorf("an edit made %v of a member, want %s", c.read(m)["status"], want)
	}
	if !c.stripe {
		return
	}
	// Nothing that an edit can say takes it back: Stripe bills the member, for nothing.
	if got := c.edit(m, fields{"comped": false})["status"]; got != "comped" {
		c.Errorf("an edit that takes the word back made %v of a member", got)
	}
	if a := c.ask(call{method: http.MethodPut, path: path(m), body: one(fields{"tiers": []any{}})}); a.status != http.StatusBadRequest {
		c.Errorf("an edit that takes the tier back was answered %d", a.status)
	}
}

func (c *contract) complimentaryPlan() {
	m := c.read(c.add(fields{"tiers": c.given(c.paidTier(), "2031-06-01T00:00:00.000Z")}))
	subscriptions, _ := m["subscriptions"].([]any)
	if len(subscriptions) != 1 {
		c.Fatalf("subscriptions %v", subscriptions)
	}
	s, _ := subscriptions[0].(map[string]any)
	plan, _ := s["plan"].(map[string]any)
	if s["id"] != "" || s["status"] != "active" || plan["nickname"] != "Complimentary" || plan["amount"] != 0.0 {
		c.Errorf("the subscription is %v with %v", s, plan)
	}
	if s["current_period_end"] == nil {
		c.Error("the subscription has no end")
	}
}
