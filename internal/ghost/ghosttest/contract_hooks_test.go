package ghosttest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

func hookQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"hook: what fires":                (*contract).whatFires,
		"hook: its head and signature":    (*contract).hookHead,
		"hook: its shapes":                (*contract).hookShapes,
		"hook: tried once":                (*contract).triedOnce,
		"hook: 410 ends it":               (*contract).goneEndsIt,
		"hook: several of one event":      (*contract).severalHooks,
		"hook: a burst arrives":           (*contract).burst,
		"hook: what is in flight is last": (*contract).stateAtSending,
	}
}

// listening is a receiver whose webhooks are registered until the question ends.
type listening struct {
	*receiver
	c        *contract
	heard    int // requests that were looked at
	sentinel map[string]any
}

func (c *contract) listen() *listening {
	c.Helper()
	l := &listening{receiver: newReceiver(c.T), c: c}
	for _, event := range []string{"member.added", "member.edited", "member.deleted"} {
		c.register(l.URL+"/hook?event="+event, event)
	}
	l.sentinel = c.add(fields{"email": c.email("sentinel")})
	l.told(0)
	return l
}

// register adds a webhook that is taken away when the question ends.
func (c *contract) register(target, event string) string {
	c.Helper()
	a := c.ask(call{method: http.MethodPost, path: "webhooks/", body: hookBody(fields{"event": event, "target_url": target, "name": "contract", "secret": secret})})
	hooks, _ := a.body["webhooks"].([]any)
	if a.status != http.StatusCreated || len(hooks) != 1 {
		c.Fatalf("a webhook was answered %d %v", a.status, a.body)
	}
	id := texts(hooks, "id")[0]
	in := *c
	c.Cleanup(func() { in.ask(call{method: http.MethodDelete, path: "webhooks/" + id + "/"}) })
	return id
}

// told is one webhook, read.
type told struct {
	Event  string
	Member struct{ Current, Previous map[string]any }
	at     http.Header
	body   []byte
}

// id is of the member, whom a delete names in another place.
func (w told) id() any {
	if id := w.Member.Current["id"]; id != nil {
		return id
	}
	return w.Member.Previous["id"]
}

// told waits until so many webhooks have come since it was last asked, and then for
// one more of its own making: what came before has come then. It returns them all.
func (l *listening) told(least int) []told {
	l.c.Helper()
	l.c.until("webhooks do not arrive", func() bool { return len(l.since()) >= least })
	mark := fmt.Sprintf("fence %d", time.Now().UnixNano())
	l.c.edit(l.sentinel, fields{"note": mark})
	l.c.until("the last webhook does not arrive", func() bool {
		return slices.ContainsFunc(l.all(), func(r received) bool { return bytes.Contains(r.body, []byte(mark)) })
	})
	since := l.since()
	l.heard = len(l.all())
	return since
}

// since are the webhooks that were not looked at, without those of the sentinel.
func (l *listening) since() []told {
	l.c.Helper()
	var since []told
	for _, got := range l.all()[l.heard:] {
		w := told{at: got.header, body: got.body}
		if err := json.Unmarshal(got.body, &w); err != nil {
			l.c.Fatal(err)
		}
		if w.id() != l.sentinel["id"] {
			since = append(since, w)
		}
	}
	return since
}

func (c *contract) until(problem string, holds func() bool) {
	c.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatal(problem)
		}
	}
}

// line is a webhook in short: its event, and what it says was before.
func (w told) line() string {
	var had []string
	for k := range w.Member.Previous {
		had = append(had, k)
	}
	slices.Sort(had)
	if w.Event == "member.deleted" {
		had = nil
	}
	return strings.TrimSpace(w.Event + " " + strings.Join(had, " "))
}

// happening is something that is done to a member, and what webhooks tell of it.
type happening struct {
	before fields // of the member; nil is nothing special
	do     func(c *contract, m map[string]any)
	tells  []string
}

func changing(f fields) func(*contract, map[string]any) {
	return func(c *contract, m map[string]any) { c.Helper(); c.edit(m, f) }
}

func (c *contract) whatFires() {
	l, all, members := c.listen(), c.happenings(), map[string]map[string]any{}
	for name, h := range all {
		before := h.before
		if before == nil {
			before = fields{"name": "Before"}
		}
		members[name] = c.add(before)
	}
	l.told(len(all))
	c.nextSecond() // so that updated_at can move
	for name, h := range all {
		h.do(c, members[name])
		lines := []string{}
		for _, w := range l.told(len(h.tells)) {
			lines = append(lines, w.line())
		}
		if diff := cmp.Diff(append([]string{}, h.tells...), lines); diff != "" {
			c.Errorf("%s\n%s", name, diff)
		}
	}
}

func (c *contract) happenings() map[string]happening {
	label := func(name string) fields { return fields{"labels": []any{fields{"name": name + c.run}}} }
	tier := c.paidTier()
	gold := c.tier(func(t map[string]any) bool { return t["name"] == "Contract Gold" })
	other := c.tier(func(t map[string]any) bool { return t["type"] == "paid" && t["id"] != gold["id"] })
	retiered := []string{"member.edited tiers"}
	restatused := retiered
	if c.stripe {
		restatused = []string{"member.edited status tiers updated_at"}
	}
	edited := func(keys string) []string { return []string{"member.edited " + keys} }
	return map[string]happening{
		"a name":                    {do: changing(fields{"name": "After"}), tells: edited("name updated_at")},
		"an address":                {do: changing(fields{"email": c.email("after")}), tells: edited("email updated_at")},
		"a note":                    {do: changing(fields{"note": "after"}), tells: edited("note updated_at")},
		"three at once":             {do: changing(fields{"name": "A", "note": "B", "email": c.email("three")}), tells: edited("email name note updated_at")},
		"no change":                 {do: changing(fields{"name": "Before"})},
		"a label":                   {do: changing(label("L")), tells: edited("labels")},
		"no labels any more":        {before: label("L"), do: changing(fields{"labels": []any{}}), tells: edited("labels")},
		"the same label":            {before: label("L"), do: changing(label("L"))},
		"the same label, elsewise":  {before: label("L"), do: changing(label("l"))},
		"newsletters off":           {do: changing(fields{"newsletters": []any{}}), tells: edited("newsletters")},
		"no newsletters, once more": {before: fields{"newsletters": []any{}}, do: changing(fields{"newsletters": []any{}})},
		"a label and a name":        {do: changing(fields{"name": "After", "labels": label("L")["labels"]}), tells: edited("labels name updated_at")},
		"a tier":                    {do: changing(fields{"tiers": c.given(tier, "2031-06-01T00:00:00.000Z")}), tells: restatused},
		"another tier":              {before: fields{"tiers": c.given(gold, nil)}, do: changing(fields{"tiers": c.given(other, nil)}), tells: retiered},
		"another end":               {before: fields{"tiers": c.given(gold, nil)}, do: changing(fields{"tiers": c.given(gold, "2031-06-01T00:00:00.000Z")})},
		"no tier any more":          {before: fields{"tiers": c.given(gold, nil)}, do: changing(fields{"tiers": []any{}}), tells: restatused},
		"a delete":                  {do: func(c *contract, m map[string]any) { c.ask(call{method: http.MethodDelete, path: path(m)}) }, tells: []string{"member.deleted"}},
		"somebody new":              {do: func(c *contract, _ map[string]any) { c.add(fields{}) }, tells: []string{"member.added"}},
		"somebody new with a tier":  {do: func(c *contract, _ map[string]any) { c.add(fields{"tiers": c.given(gold, nil)}) }, tells: []string{"member.added"}},
		"an edit that is refused": {do: func(c *contract, m map[string]any) {
			c.ask(call{method: http.MethodPut, path: path(m), body: one(fields{"name": nil})})
		}},
		"a label to all of a filter": {do: func(c *contract, m map[string]any) { c.bulkLabel("bulk "+c.run, "id:'"+m["id"].(string)+"'") }},
	}
}

func (c *contract) hookHead() {
	l := c.listen()
	c.add(fields{"name": "Ünïcode 🎉 <b>&"})
	told := l.told(1)
	if len(told) != 1 {
		c.Fatalf("%d webhooks", len(told))
	}
	head, body := told[0].at, told[0].body
	for name, pattern := range map[string]string{
		"User-Agent": `^Ghost/6\.65 \(https://github\.com/TryGhost/Ghost\)$`, "Content-Type": `^application/json$`, "Content-Version": `^v6\.65$`,
		"Accept-Encoding": `^gzip, deflate, br, zstd$`, "X-Ghost-Signature": `^sha256=[0-9a-f]{64}, t=[0-9]{13}$`, "Content-Length": fmt.Sprintf("^%d$", len(body)),
	} {
		if !regexp.MustCompile(pattern).MatchString(head.Get(name)) {
			c.Errorf("%s is %q, want %s", name, head.Get(name), pattern)
		}
	}
	at, err := ghost.Verify(head.Get(ghost.SignatureHeader), body, ghost.Verification{Secrets: [][]byte{[]byte(secret)}, Now: time.Now(), Tolerance: 10 * time.Minute})
	if err != nil {
		c.Errorf("signed at %v: %v", at, err)
	}
	if !strings.Contains(string(body), "Ünïcode 🎉 <b>&") || strings.ContainsAny(string(body), "\n\r") {
		c.Errorf("the body escapes letters, or has lines: %s", body)
	}
}

// hookShapes are the keys of a webhook, which decide what ghostcm may conclude.
func (c *contract) hookShapes() {
	l := c.listen()
	m := c.add(fields{"name": "Shaped", "labels": []any{fields{"name": "S" + c.run}}})
	c.edit(m, fields{"name": "Another"})
	c.ask(call{method: http.MethodDelete, path: path(m)})
	plain := c.add(fields{"newsletters": []any{}})
	c.ask(call{method: http.MethodDelete, path: path(plain)})
	current := slices.DeleteFunc(memberKeys(), func(k string) bool {
		return k == "attribution" || k == "email_suppression" || k == "unsubscribe_url"
	})
	shapes := map[string][]string{}
	for _, w := range l.told(5) {
		name := w.Event
		if w.id() == plain["id"] {
			name += " plain"
		}
		shapes[name+" current"], shapes[name+" previous"] = keys(w.Member.Current), keys(w.Member.Previous)
	}
	gone := strings.Fields("can_comment commenting created_at email email_count email_open_rate email_opened_count enable_comment_notifications " +
		"enable_updates_and_announcements geolocation id last_seen_at name note status updated_at uuid")
	with := slices.Sorted(slices.Values(append(slices.Clone(gone), "labels", "newsletters")))
	want := map[string][]string{
		"member.added current": current, "member.added previous": nil, "member.added plain current": current, "member.added plain previous": nil,
		"member.edited current": current, "member.edited previous": {"name", "updated_at"},
		"member.deleted current": nil, "member.deleted previous": with, "member.deleted plain current": nil, "member.deleted plain previous": gone,
	}
	if diff := cmp.Diff(want, shapes); diff != "" {
		c.Error(diff)
	}
}

func (c *contract) triedOnce() {
	l := c.listen()
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusNotFound, http.StatusUnauthorized} {
		l.answer(status)
		m := c.add(fields{"name": "Refused"})
		l.c.until("a webhook does not arrive", func() bool { return len(l.since()) == 1 })
		l.answer(http.StatusAccepted)
		c.edit(m, fields{"name": "Taken"})
		times := 0
		for _, w := range l.told(2) {
			if w.Event == "member.added" {
				times++
			}
		}
		if times != 1 {
			c.Errorf("what was answered %d came %d times", status, times)
		}
	}
}

func (c *contract) goneEndsIt() {
	other := newReceiver(c.T)
	c.register(other.URL+"/going", "member.edited")
	other.answer(http.StatusGone)
	l := c.listen() // whose webhooks come after it, and stay
	c.edit(l.sentinel, fields{"name": "One"})
	l.told(0)
	times := len(other.all())
	other.answer(http.StatusAccepted)
	c.edit(l.sentinel, fields{"name": "Two"})
	l.told(0)
	if got := len(other.all()); times == 0 || got != times {
		c.Errorf("%d requests, and %d more after a 410", times, got-times)
	}
}

func (c *contract) severalHooks() {
	l := c.listen()
	other := newReceiver(c.T)
	c.register(other.URL+"/other", "member.added")
	c.add(fields{})
	if told := l.told(1); len(told) != 1 {
		c.Errorf("the first has %d", len(told))
	}
	c.until("the second has none", func() bool { return len(other.all()) > 0 })
	for _, target := range []string{l.URL + "/hook?event=member.added", strings.ToUpper(l.URL + "/hook?event=member.added")} {
		a := c.ask(call{method: http.MethodPost, path: "webhooks/", body: hookBody(fields{"event": "member.added", "target_url": target})})
		if a.status != http.StatusUnprocessableEntity {
			c.Errorf("the same address again: %d", a.status)
		}
	}
}

func (c *contract) burst() {
	l := c.listen()
	m := c.add(fields{"name": "0"})
	for i := range 20 {
		c.edit(m, fields{"name": fmt.Sprint(i + 1)})
	}
	edits := 0
	for _, w := range l.told(21) {
		if w.Event == "member.edited" {
			edits++
		}
	}
	if edits != 20 {
		c.Errorf("%d webhooks of 20 edits", edits)
	}
}

// stateAtSending: the newest webhook of a member shows what the member is.
func (c *contract) stateAtSending() {
	l := c.listen()
	m := c.add(fields{"labels": []any{fields{"name": "One " + c.run}}})
	last := c.edit(m, fields{"labels": []any{fields{"name": "Two " + c.run}}})
	all := l.told(2)
	at := slices.IndexFunc(all, func(w told) bool { return w.Event == "member.edited" })
	if len(all) != 2 || at < 0 {
		c.Fatalf("%d webhooks", len(all))
	}
	if diff := cmp.Diff(texts(last["labels"], "name"), texts(all[at].Member.Current["labels"], "name")); diff != "" {
		c.Error(diff)
	}
	if diff := cmp.Diff(texts(m["labels"], "name"), texts(all[at].Member.Previous["labels"], "name")); diff != "" {
		c.Error(diff)
	}
}

func hookBody(hook fields) map[string]any { return map[string]any{"webhooks": []any{hook}} }
