package ghosttest

import "slices"

// Ghost sends no webhooks for what is done to many members at once, and leaves
// their updated_at alone. So do these.

// BulkLabel adds a label to the members that match and returns their number.
func (s *Server) BulkLabel(label string, match func(Member) bool) int {
	return s.bulk(match, func(m *Member) { m.Labels = s.site.canonicalLabels(append(m.Labels, label)) })
}

// BulkUnlabel takes a label from the members that match.
func (s *Server) BulkUnlabel(label string, match func(Member) bool) int {
	return s.bulk(match, func(m *Member) {
		m.Labels = slices.DeleteFunc(m.Labels, func(l string) bool { return l == label })
	})
}

// BulkUnsubscribe ends all newsletters of the members that match.
func (s *Server) BulkUnsubscribe(match func(Member) bool) int {
	return s.bulk(match, func(m *Member) { m.Newsletters = nil })
}

// BulkDelete deletes the members that match.
func (s *Server) BulkDelete(match func(Member) bool) int {
	var ids []string
	n := s.bulk(match, func(m *Member) { ids = append(ids, m.ID) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if _, ok := s.site.byID[id]; ok {
			s.site.remove(id, s.emailKey)
		}
	}
	return n
}

// Import is an import of a CSV file: new addresses become members, labels are
// added to the members that are there. It returns how many were taken; a record
// that Ghost refuses is left out.
func (s *Server) Import(records []Member) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := 0
	for _, r := range records {
		if m := s.site.byEmail[s.emailKey(r.Email)]; m != nil {
			m.Labels = s.site.canonicalLabels(append(m.Labels, r.Labels...))
			if r.Name != "" {
				m.Name = r.Name
			}
			taken++
			continue
		}
		if _, err := s.insert(r); err == nil {
			taken++
		}
	}
	return taken
}

func (s *Server) bulk(match func(Member) bool, change func(*Member)) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, m := range s.site.members {
		if match(m.clone()) {
			change(m)
			n++
		}
	}
	return n
}
