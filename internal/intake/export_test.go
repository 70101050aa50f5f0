package intake

// Seen is the incarnation of Redis that was last seen.
func (i *Intake) Seen() string {
	if seen := i.seen.Load(); seen != nil {
		return *seen
	}
	return ""
}
