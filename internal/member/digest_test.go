package member

import "testing"

func TestDigestsTellValuesAndFactsApart(t *testing.T) {
	t.Parallel()
	var d Digests
	d.Set(FactStatus, "paid")
	before := d
	if d.Set(FactStatus, "free"); d == before {
		t.Error("another value has the same digest")
	}
	if d.Of(FactLabels) != (Digest{}) || d.Of(factName) != (Digest{}) {
		t.Error("what was not set has a digest")
	}
	if d.Set(FactStatus, "paid"); d != before {
		t.Error("the same value has another digest")
	}
}
