package member

import "slices"

// Keep is the census with some members of an earlier one, as they were then: of
// someone who is gone, and for whom nothing could be done yet, the next Diff tells
// again.
func (c Census) Keep(earlier Census, ids []string) Census {
	if len(ids) == 0 {
		return c
	}
	kept := CensusBuilder{rows: slices.Clone(c.rows)}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	for i := range earlier.rows {
		if wanted[earlier.rows[i].id()] {
			kept.rows = append(kept.rows, earlier.rows[i])
		}
	}
	return kept.Census()
}
