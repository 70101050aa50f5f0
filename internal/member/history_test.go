package member

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A drawn world is one in which everything that happens is drawn.
type drawn struct {
	*world
	draw    *rapid.T
	moves   bool // members change their addresses
	optOuts bool // people leave the list in Campaign Monitor
	chooses bool // members opt out, and in again, in Ghost
}

func (h *drawn) bool(label string) bool { return rapid.Bool().Draw(h.draw, label) }

func (h *drawn) pick(label string, of []string) string {
	slices.Sort(of)
	return rapid.SampledFrom(of).Draw(h.draw, label)
}

var addresses = []string{"a@x.org", "B@x.org", "c@x.org", "d@x.org"}

func (h *drawn) freeAddress() (string, bool) {
	used := map[string]bool{}
	for _, m := range h.ghost {
		used[AddressKey(m.Email.Value)] = true
	}
	free := slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return used[AddressKey(a)] })
	if len(free) == 0 {
		return "", false
	}
	return rapid.SampledFrom(free).Draw(h.draw, "address"), true
}

// live plays random events, deliveries, jobs, crashes and opt-outs.
func (h *drawn) live() {
	for range rapid.IntRange(1, 40).Draw(h.draw, "length") {
		h.clock += int64(rapid.IntRange(0, 5000).Draw(h.draw, "tick"))
		alive := slices.Collect(maps.Keys(h.ghost))
		switch action := rapid.IntRange(0, 11).Draw(h.draw, "action"); {
		case action <= 1 || len(alive) == 0:
			if email, ok := h.freeAddress(); ok {
				h.join(email)
			}
		case action <= 5:
			h.change(action, h.pick("who", alive))
		case action == 6:
			h.leave()
		case action <= 9:
			h.deliverOne()
		case len(h.inbox) > 0:
			h.work(h.pick("job", slices.Collect(maps.Keys(h.inbox))))
		}
	}
}

func (h *drawn) change(action int, id string) {
	switch action {
	case 2:
		h.setStatus(id, rapid.SampledFrom([]string{"free", "paid", "comped", "gift"}).Draw(h.draw, "status"))
	case 3:
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"VIP", "A, B", "ü"}), 0, 3).Draw(h.draw, "names")
		if h.bool("tiers") {
			h.setTiers(id, names...)
		} else {
			h.setLabels(id, names...)
		}
	case 4:
		email, ok := h.freeAddress()
		switch {
		case h.moves && ok && h.bool("moves"):
			h.setEmail(id, email)
		case h.chooses && h.fresh && h.bool("suppressed"):
			h.edit(id, func(f *Facts, _ *Previous) { f.Suppressed = Some(!f.Suppressed.Value) })
		case h.chooses:
			h.subscribe(id, !h.ghost[id].Subscribed.Value)
		}
	case 5:
		f := h.ghost[id]
		h.remove(id)
		if h.bool("edit races delete") {
			f.Labels = Some([]string{})
			h.pass(5 * time.Millisecond)
			h.send(Event{Type: Edited, Facts: f, SentAt: h.now()})
		}
	}
}

func (h *drawn) leave() {
	if !h.optOuts || len(h.list) == 0 {
		return
	}
	key := h.pick("opts out", slices.Collect(maps.Keys(h.list)))
	// Between our intent to remove and the next look, an opt-out cannot be told
	// from our own removal.
	meant := h.address[key].Removal
	if h.list[key].state == StateActive && (meant == nil || meant.Done) {
		h.optOut(key, h.pick("how", []string{StateUnsubscribed, StateDeleted, "Bounced"}))
	}
}

// deliverOne puts one of the sent events into the inbox, in any order, perhaps
// leaving it to come again.
func (h *drawn) deliverOne() {
	if len(h.events) == 0 {
		return
	}
	i := rapid.IntRange(0, len(h.events)-1).Draw(h.draw, "which event")
	h.deliver(h.events[i])
	if !h.bool("twice") {
		h.events = slices.Delete(h.events, i, i+1)
	}
}

// settle delivers what is left and works until nothing waits.
func (h *drawn) settle() {
	for len(h.events) > 0 {
		h.deliverOne()
	}
	h.crash = nil
	h.apply()
}

// check compares the list with Ghost.
func (h *drawn) check() {
	active := map[string]bool{}
	for id, f := range h.ghost {
		active[AddressKey(f.Email.Value)] = !h.unwanted(f)
		h.checkMember(id, f)
	}
	for key, p := range h.list {
		if p.state == StateActive && !active[key] {
			h.Fatalf("%s is active, but no member who wants to be\n%s", key, h.dump())
		}
	}
}

// unwanted says whether the policy wants a member off the list.
func (h *drawn) unwanted(f Facts) bool {
	return h.policy.OnOptOut == OptOutUnsubscribes && !f.Subscribed.Value ||
		h.policy.OnSuppressed == OptOutUnsubscribes && f.Suppressed.Value
}

func (h *drawn) checkMember(id string, f Facts) {
	p := h.at(f.Email.Value)
	if p == nil {
		// Not added: never, or not again because they opted out, perhaps under an
		// earlier address that is another's by now.
		if !h.unwanted(f) && !h.truth.out[id] {
			h.Fatalf("%s is not on the list\n%s", id, h.dump())
		}
		return
	}
	if p.state != StateActive && !h.unwanted(f) && !h.truth.out[id] {
		h.Fatalf("%s is %s, and did not ask for it\n%s", id, p.state, h.dump())
	}
	want := map[string]string{
		"status": f.Status.Value, "labels": JoinNames(f.Labels.Value), "tiers": JoinNames(f.Tiers.Value),
	}
	for key, value := range want {
		// What is not told again cannot be in a subscriber that is created later.
		told := h.fresh || h.leaves == nil || !h.moves && !h.optOuts && !h.chooses && h.told[id+" "+key]
		if got := p.fields["ghost_"+key]; told && got != value {
			h.Fatalf("%s: %s is %q, should be %q\n%s", id, key, got, value, h.dump())
		}
	}
}

// checkRest looks at every member once more: nothing may be written.
func (h *drawn) checkRest() {
	h.leaves = nil
	for range 2 { // once to tell all that old Ghosts left out
		h.writes = 0
		for _, id := range slices.Sorted(maps.Keys(h.ghost)) {
			h.seen(id)
		}
		h.apply()
	}
	if h.writes != 0 {
		h.Fatalf("%d writes of what was written before\n%s", h.writes, h.dump())
	}
	h.check()
}

func TestAnyHistoryEndsAsGhostIs(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{false, true} {
		for _, moves := range []bool{false, true} {
			for _, optOuts := range []bool{false, true} {
				t.Run(fmt.Sprintf("re-read=%t,moves=%t,opt-outs=%t", fresh, moves, optOuts), func(t *testing.T) {
					t.Parallel()
					rapid.Check(t, func(t *rapid.T) {
						h := &drawn{world: newWorld(t), draw: t, moves: moves, optOuts: optOuts}
						h.fresh = fresh
						h.drawSettings()
						h.live()
						h.settle()
						h.check()
						h.checkRest()
					})
				})
			}
		}
	}
}

func (h *drawn) drawSettings() {
	h.crash = func(Step, bool) bool { return rapid.IntRange(0, 9).Draw(h.draw, "crash") == 0 }
	h.policy.OnDelete = rapid.SampledFrom([]DeletePolicy{DeleteUnsubscribes, DeleteDeletes}).Draw(h.draw, "on delete")
	h.layout.RemoveByDelete = h.bool("all client lists")
	if h.bool("an old Ghost") {
		h.leaves = func(key string) bool { return h.bool("leaves out " + key) }
	}
	if h.chooses = h.bool("members choose in Ghost"); h.chooses {
		either := rapid.SampledFrom([]OptOutPolicy{OptOutField, OptOutUnsubscribes})
		h.policy.OnOptOut, h.policy.OnSuppressed = either.Draw(h.draw, "on opt-out"), either.Draw(h.draw, "on suppressed")
		h.policy.Resubscribe = rapid.SampledFrom([]ResubscribePolicy{ResubscribeNever, ResubscribeGhostOptIns}).Draw(h.draw, "resubscribe")
	}
}
