package member

import (
	"slices"
	"testing"
)

func TestWhoIsKeptInACensusIsGoneAgainNextTime(t *testing.T) {
	t.Parallel()
	ids := []string{"650000000000000000000001", "650000000000000000000002", "650000000000000000000003"}
	census := func(ids ...string) Census {
		var b CensusBuilder
		for _, id := range ids {
			if err := b.Add(id, "a", "b"); err != nil {
				t.Fatal(err)
			}
		}
		return b.Census()
	}
	before, now := census(ids...), census(ids[1])
	kept := now.Keep(before, ids[2:])
	if added, changed, gone := kept.Diff(now); len(added)+len(changed) > 0 || !slices.Equal(gone, ids[2:]) {
		t.Errorf("added %v, changed %v, gone %v; want %v gone", added, changed, gone, ids[2:])
	}
	if _, _, gone := now.Keep(before, nil).Diff(now); len(gone) != 0 {
		t.Errorf("gone %v of those who were not kept", gone)
	}
	if kept.Len() != 2 || now.Len() != 1 {
		t.Errorf("%d kept, %d now", kept.Len(), now.Len())
	}
}
