package member

import "slices"

// nextRemoval removes the subscribers of a member who is gone from Ghost, at
// every address that is still this member's.
func (c *Case) nextRemoval() Step {
	if c.policy.OnDelete == DeleteKeeps {
		return c.finish(Kept)
	}
	byDelete := c.policy.OnDelete == DeleteDeletes || c.layout.RemoveByDelete
	for _, email := range c.touched() {
		if step, more := c.nextRemovalOf(email, byDelete); more {
			return step
		}
	}
	for _, email := range c.touched() {
		c.address(email, c.disown)
	}
	m := &c.Memory
	m.ForgetWritten()
	m.Email, m.Perhaps, m.Stale = "", nil, nil
	if c.outcome == "" {
		c.outcome = NotOnList
	}
	return c.finish(c.outcome)
}

// nextRemovalOf is the next step of removing one subscriber: read it, remove it
// only if it is active, and read it again to know what our removal looks like.
// more is false when nothing is left to do.
func (c *Case) nextRemovalOf(email string, byDelete bool) (step Step, more bool) {
	if !c.owns(email) {
		return Step{}, false
	}
	r, ok := c.read(email)
	if !ok {
		return Step{Action: Read, At: email}, true
	}
	removed := c.removed.has(email)
	if r.Answer == Absent && !removed && c.lately(email) && !c.elsewhere(email) {
		return Step{Action: Wait, For: settlingRetry, Outcome: StillAbsent}, true
	}
	if r.Answer == Absent || r.State != StateActive {
		return Step{}, false
	}
	if removed { // it does not show yet
		return Step{Action: Wait, For: settlingRetry, Outcome: StillThere}, true
	}
	if byDelete {
		return Step{Action: Delete, At: email}, true
	}
	return Step{Action: Unsubscribe, At: email}, true
}

// elsewhere says whether a subscriber of the member's was found at another of its
// addresses: then the one that was created here has moved there, and is not waited for.
func (c *Case) elsewhere(email string) bool {
	return slices.ContainsFunc(c.touched(), func(other string) bool {
		r, ok := c.read(other)
		return ok && r.Answer == Done && !SameAddress(other, email) && c.owns(other)
	})
}
