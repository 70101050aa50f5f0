package member

// ForgetWritten leaves nothing remembered of what the list has: somebody else
// wrote to it, or a revert.
func (m *Memory) ForgetWritten() { m.Written, m.Layout = Digests{}, "" }

// Forsake forgets the subscriber, who was removed or moved elsewhere, but not
// what is known of the member in Ghost.
func (m *Memory) Forsake() {
	m.ForgetWritten()
	m.Email, m.Perhaps, m.Stale, m.Inactive = "", nil, nil, false
}

// Undelete forgets that the member was seen to be gone: its subscriber at an address
// is about to be brought back.
func (m *Memory) Undelete(email string) { m.DeletedAt, m.Vanished, m.Email = 0, false, email }

// RemovedByUs says whether a subscriber in this state is exactly as our removal
// left it.
func (a Address) RemovedByUs(state, date string) bool {
	return a.Removal != nil && a.Removal.left(state, date)
}
