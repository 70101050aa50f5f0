package demo

import (
	"fmt"
	"strconv"
)

// maxShown bounds how many differences are written out.
const maxShown = 20

// conclude writes the table and whether both sides agree. The writes are those
// since the numbers in before.
func (s *stage) conclude(before map[string]int) error {
	var found []string
	rows := [][]string{{"site", "members", "active", "events", "writes", "coalesced", "unchanged", "retries", "dead letters", "agree"}}
	for _, p := range s.publications {
		differ := p.differences()
		rows = append(rows, s.row(p, before[p.listID], len(differ) == 0))
		found = append(found, differ...)
	}
	found = append(found, misconduct(s.list)...)
	s.out.blank()
	s.out.table(rows)
	s.out.blank()
	for _, d := range found[:min(len(found), maxShown)] {
		s.out.write(s.out.paint(bad, d))
	}
	if len(found) > 0 {
		return fmt.Errorf("%w in %d points; the first is: %s", ErrDiffer, len(found), found[0])
	}
	s.out.write(s.out.paint(good, "both sides agree"))
	return nil
}

func (s *stage) row(p *publication, before int, agree bool) []string {
	n := s.reporter.count(p.name)
	onList := 0
	for _, sub := range s.list.Subscribers(p.listID) {
		if sub.State == active {
			onList++
		}
	}
	written := s.writes()[p.listID] - before
	row := []string{p.name}
	for _, number := range []int{len(p.ghost.Members()), onList, n.accepted, written, n.coalesced, n.unchanged, n.retries, n.dead} {
		row = append(row, strconv.Itoa(number))
	}
	return append(row, map[bool]string{true: "yes", false: "no"}[agree])
}

// writes counts the writes of each list that were done.
func (s *stage) writes() map[string]int {
	n := map[string]int{}
	for _, r := range s.list.Requests() {
		if r.Write && r.Status >= 200 && r.Status < 300 {
			n[r.List]++
		}
	}
	return n
}
