package spool

import "os"

// FillDisk lets the next write of the current segment go to a file that takes
// nothing, as a full disk does.
func FillDisk(s *Spool) (restore func()) {
	s.writing.Lock()
	defer s.writing.Unlock()
	real := s.current.file
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	s.current.file = full
	return func() { _ = real.Close() }
}
