package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrClosed is returned by a spool that has been closed.
var ErrClosed = errors.New("the spool is closed")

// Stats is what waits that this process knows of: what it put, and what it found
// of processes that have ended.
type Stats struct {
	Records int
	Oldest  time.Time // when the oldest of them came; zero if none waits
}

// Spool is the directory as one process sees it. It is safe for concurrent use.
type Spool struct {
	dir string
	now func() time.Time

	writing sync.Mutex // of the one who writes
	current *segment   // nil until there is something to write
	begun   int        // segments, so that two of one millisecond keep their order

	mu       sync.Mutex
	closed   bool
	together *batch              // what is to be written next
	known    map[string]*backlog // by path

	draining sync.Mutex // one at a time takes records out
}

// backlog is what waits in a segment.
type backlog struct {
	records int
	first   time.Time // when the oldest record of them came
	done    int64     // up to this offset they were delivered
}

// batch is what shares one fsync.
type batch struct {
	lines []byte
	first time.Time
	n     int
	done  chan struct{} // closed when err is known
	err   error
}

// Open makes the directory, sees that files can be written in it, and counts what
// ended processes have left.
func Open(dir string, now func() time.Time) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the spool's directory: %w", err)
	}
	trial, err := os.CreateTemp(dir, ".trial-*")
	if err != nil {
		return nil, fmt.Errorf("writing in the spool's directory: %w", err)
	}
	if err := errors.Join(trial.Close(), os.Remove(trial.Name())); err != nil {
		return nil, fmt.Errorf("writing in the spool's directory: %w", err)
	}
	s := &Spool{dir: dir, now: now, known: map[string]*backlog{}}
	_, err = s.find()
	return s, err
}

// Put writes a record. When it returns nil, the record is on disk, fsynced.
// Records that are put at once share an fsync. After an error the record may
// still come out.
func (s *Spool) Put(r Record) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	b, first, err := s.join(line, r.At)
	if err != nil {
		return err
	}
	if first {
		s.write(b)
	}
	<-b.done
	return b.err
}

// join adds a line to the next batch; whoever is first in it writes it.
func (s *Spool) join(line []byte, at time.Time) (b *batch, first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, ErrClosed
	}
	if s.together == nil {
		s.together = &batch{done: make(chan struct{}), first: at}
		first = true
	}
	b = s.together
	b.lines = append(b.lines, line...)
	b.n++
	return b, first, nil
}

// write waits for the batch before, while others join this one.
func (s *Spool) write(b *batch) {
	defer close(b.done)
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	s.together = nil
	s.mu.Unlock()
	if b.err = s.add(b); b.err != nil {
		_ = s.rotate() // it may hold half a line; the next one is whole again
		return
	}
	if s.current.size >= maxSegment {
		_ = s.rotate() // all is on disk: closing has nothing left to tell
	}
}

func (s *Spool) add(b *batch) error {
	if s.current == nil {
		s.begun++
		segment, err := begin(s.dir, s.now(), s.begun)
		if err != nil {
			return err
		}
		s.current = segment
	}
	if err := s.current.add(b.lines); err != nil {
		return err
	}
	s.count(s.current.path, b.n, b.first)
	return nil
}

// rotate ends the current segment, which is then free to be drained.
func (s *Spool) rotate() error {
	if s.current == nil {
		return nil
	}
	segment := s.current
	s.current = nil
	return segment.end()
}

func (s *Spool) count(path string, n int, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.known[path]
	if b == nil {
		b = &backlog{first: at}
		s.known[path] = b
	}
	b.records += n
}

// Stats says what waits.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all Stats
	for _, b := range s.known {
		if b.records > 0 && (all.Records == 0 || b.first.Before(all.Oldest)) {
			all.Oldest = b.first
		}
		all.Records += b.records
	}
	return all
}

// Close gives up the segment; what waits in it is found by the next process.
func (s *Spool) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return s.rotate()
}

// find counts the segments that nobody writes to, and lists them, the oldest
// first.
func (s *Spool) find() (paths []string, err error) {
	all, err := filepath.Glob(filepath.Join(s.dir, "*"+segmentEnds)) // sorted, and a name begins with its time
	if err != nil {
		return nil, fmt.Errorf("listing the spool: %w", err)
	}
	for _, path := range all {
		free, err := s.size(path)
		if err != nil {
			return nil, err
		}
		if free {
			paths = append(paths, path)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for path := range s.known { // drained by another process
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			delete(s.known, path)
		}
	}
	return paths, nil
}

// size counts what waits in a segment, once, and says whether it is free.
func (s *Spool) size(path string) (free bool, err error) {
	f, err := take(path)
	if f == nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // it was only read
	s.mu.Lock()
	_, known := s.known[path]
	s.mu.Unlock()
	if known {
		return true, nil
	}
	var waiting backlog
	err = lines(f, 0, func(line []byte, _ int64) error {
		if r, err := parse(line); err == nil && waiting.records == 0 {
			waiting.first = r.At
		}
		waiting.records++
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[path] = &waiting
	return true, err
}
