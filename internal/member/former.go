package member

import "slices"

// formerOf are the addresses that news of a change of address names, where the
// member was written at the new one before the news came: read from Ghost by a
// sync, or along with an earlier event. What the person did under the old address
// was not known then.
func (c *Case) formerOf(e Entry, before Memory) []string {
	news := e.Known["email"].At > before.AppliedAt-before.Lag["email"]
	if c.gone || c.late || !news || before.Email == "" || !SameAddress(before.Email, c.goal.Email) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(e.Addresses), func(at string) bool {
		same := func(other string) bool { return SameAddress(at, other) }
		return at == "" || same(c.goal.Email) || slices.ContainsFunc(before.Perhaps, same) || slices.ContainsFunc(before.Stale, same)
	})
}

// nextFormer looks at the old addresses: a subscriber who is active there is to be
// removed, and a person who had opted out there is not to be active at the
// address that we brought them to.
func (c *Case) nextFormer() (Step, bool) {
	for len(c.former) > 0 {
		at := c.former[0]
		if !c.owns(at) || c.Addresses[AddressKey(at)].Removal != nil {
			c.former = c.former[1:]
			continue
		}
		r, ok := c.read(at)
		if !ok {
			return Step{Action: Read, At: at}, true
		}
		c.former = c.former[1:]
		switch {
		case r.Answer == Done && r.State == StateActive && !slices.Contains(c.Memory.Stale, at):
			c.Memory.Stale = append(slices.Clone(c.Memory.Stale), at)
		case r.optedOut() && c.Addresses[AddressKey(at)].OptOut != nil && c.Addresses[AddressKey(c.goal.Email)].CreatedAt != 0:
			c.goal.Inactive = true
		}
	}
	return Step{}, false
}
