package jobs

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestTheLatestDeadAreReadPageByPage(t *testing.T) {
	t.Parallel()
	b, start := setup(t), time.Unix(1700000000, 0)
	b.die(1234, 7, start) // seven in each second: pages end within one
	for name, tt := range map[string]struct {
		filter DeadFilter
		look   int
		want   int
	}{
		"all":                          {DeadFilter{Limit: 100}, 1000, 1234},
		"a limit that is no divisor":   {DeadFilter{Limit: 13}, 1000, 1234},
		"few that match, little looks": {DeadFilter{Limit: 10, Site: "s3"}, 40, 25},
		"from":                         {DeadFilter{Limit: 50, From: start.Add(100 * time.Second)}, 1000, 534},
		"to":                           {DeadFilter{Limit: 50, To: start.Add(9 * time.Second)}, 1000, 70},
		"none":                         {DeadFilter{Limit: 50, Site: "elsewhere"}, 100, 0},
	} {
		var seen []string
		after := ""
		for range 1000 {
			page, err := b.queue.LatestDead(t.Context(), tt.filter, after, tt.look)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.Letters {
				seen = append(seen, l.ID)
			}
			if len(page.Letters) > tt.filter.Limit {
				t.Errorf("%s: a page of %d", name, len(page.Letters))
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if len(seen) != tt.want || after != "" {
			t.Errorf("%s: %d letters, want %d; at %q", name, len(seen), tt.want, after)
		}
		if !slices.IsSortedFunc(seen, func(a, b string) int { // within a second in any order
			var x, y int
			_, _ = fmt.Sscanf(a, "id%d", &x)
			_, _ = fmt.Sscanf(b, "id%d", &y)
			return y/7 - x/7
		}) {
			t.Errorf("%s: not the latest first: %v", name, seen)
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != tt.want {
			t.Errorf("%s: letters come twice", name)
		}
	}
}

func TestAPositionFromOutsideIsTheBeginning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.die(3, 1, time.Unix(1700000000, 0))
	for _, after := range []string{"x", "1.x", "(1.2", "1.-2", "+inf.0", "-inf.1", "1;2.3", "99999999999999999999.1"} {
		page, err := b.queue.LatestDead(t.Context(), DeadFilter{Limit: 10}, after, 100)
		if err != nil || len(page.Letters) != 3 {
			t.Errorf("after %q: %d letters, %v", after, len(page.Letters), err)
		}
	}
}

func TestALetterIsFoundWhereItDied(t *testing.T) {
	t.Parallel()
	b, start := setup(t), time.Unix(1700000000, 0)
	b.die(1500, 1200, start)
	for id, second := range map[string]int{"id00000": 0, "id01199": 0, "id01200": 1, "id01499": 1} {
		at := start.Add(time.Duration(second) * time.Second)
		letter, found, err := b.queue.DeadAt(t.Context(), id, at)
		if err != nil || !found || letter.ID != id || !letter.DiedAt.Equal(at) {
			t.Errorf("%s: %+v %v %v", id, letter, found, err)
		}
		if _, found, _ := b.queue.DeadAt(t.Context(), id, at.Add(-time.Second)); found {
			t.Errorf("%s is found elsewhere", id)
		}
	}
	if _, found, err := b.queue.DeadAt(t.Context(), "id0000", start); found || err != nil {
		t.Errorf("half an id finds something: %v", err)
	}
	if n, err := b.queue.DeadCount(t.Context()); n != 1500 || err != nil {
		t.Errorf("there are %d, %v", n, err)
	}
}
