package entitlement

// Passes says whether a failure of this code passes by itself.
func Passes(code string) bool { return passes(code) }

// Occupy takes every turn.
func (f *Flow) Occupy() {
	for range Workers {
		f.turns.try("another site")
	}
}
