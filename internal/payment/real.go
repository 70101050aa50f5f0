package payment

// Real says whether the event may give access: one of a sandbox only where those
// are taken, a rehearsal never.
func (e Event) Real(testEvents bool) bool {
	return !e.Rehearsed() && (testEvents || !e.Test)
}
