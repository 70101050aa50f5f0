package member

import "testing"

const (
	optedOutID = "650000000000000000000001"

	monday  = "2026-11-16 09:00:00"
	tuesday = "2026-11-17 09:00:00"
)

func unsubscribed(date string) Result { return Result{State: StateUnsubscribed, Date: date} }

func TestAnOptOutIsNewsToGhostOnce(t *testing.T) {
	t.Parallel()
	a := Address{Owner: optedOutID}
	a.Observe(unsubscribed(monday))
	if !a.NewsToGhost() {
		t.Fatal("a person's opt-out is no news")
	}
	a.Told()
	a.Observe(unsubscribed(monday)) // by another job, or a sync
	if a.NewsToGhost() {
		t.Error("what Ghost was told is news again: an opt-in that the person made in Ghost since would be undone")
	}
	a.Observe(unsubscribed(tuesday)) // joined again by a form, and left again
	if !a.NewsToGhost() {
		t.Error("a second opt-out is no news")
	}
}

func TestOnlyAnUnsubscribeIsNewsToGhost(t *testing.T) {
	t.Parallel()
	for _, state := range []string{StateActive, StateUnconfirmed, StateDeleted, "Bounced", "Spam", "Suppressed", ""} {
		a := Address{Owner: optedOutID}
		a.Observe(Result{State: state, Date: monday})
		if a.NewsToGhost() {
			t.Errorf("%q is news to Ghost", state)
		}
	}
	a := Address{OptOut: &OptOut{State: "205"}} // what a refused import told
	if a.NewsToGhost() {
		t.Error("a refusal is taken for a state")
	}
}

func TestOurOwnRemovalIsNoNewsToGhost(t *testing.T) {
	t.Parallel()
	a := Address{Removal: &Removal{}}
	a.Observe(unsubscribed(monday))
	if a.NewsToGhost() || a.OptOut != nil {
		t.Errorf("our removal is taken for an opt-out: %+v", a.OptOut)
	}
	a.Observe(unsubscribed(tuesday))
	if !a.NewsToGhost() {
		t.Error("the person's own opt-out after our removal is no news")
	}
}

// Someone whom Ghost showed as opted out, and we unsubscribed for that, and who
// then opts in in Ghost, must not find that undone.
func TestWhatWeUnsubscribedByPolicyIsNoNewsToGhost(t *testing.T) {
	t.Parallel()
	for _, byDelete := range []bool{false, true} {
		step := Step{Action: Unsubscribe, At: "a@x.org"}
		state := StateUnsubscribed
		if byDelete {
			step.Action, state = Delete, StateDeleted
		}
		c := New(Input{Entry: Entry{ID: optedOutID}, Memory: Memory{Email: "a@x.org"}})
		c.Begin(step)
		a := c.Addresses["a@x.org"]
		a.Observe(Result{State: state, Date: monday})
		a.Observe(Result{State: state, Date: monday})
		if a.NewsToGhost() {
			t.Errorf("by delete %t: our own doing is news to Ghost", byDelete)
		}
		a.Observe(unsubscribed(tuesday))
		if !a.NewsToGhost() {
			t.Errorf("by delete %t: the person's own opt-out after ours is no news", byDelete)
		}
	}
}

func TestBackOnTheListNothingIsRememberedOfAnOptOut(t *testing.T) {
	t.Parallel()
	a := Address{OptOut: &OptOut{State: StateUnsubscribed, Date: monday, InGhost: true}}
	a.Observe(Result{State: StateActive, Date: tuesday})
	if a.OptOut != nil {
		t.Errorf("remembered: %+v", a.OptOut)
	}
}
