package cmtest

// Erase deletes a subscriber for good, as the vendor's page for erasing people does:
// the list then knows nothing of the address. It reports whether it was on the list.
func (s *Server) Erase(listID, email string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drainQueue()
	l := s.mustFind(listID)
	_, found := l.subscribers[s.key(email)]
	delete(l.subscribers, s.key(email))
	return found
}
