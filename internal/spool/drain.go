package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// ErrRefused is for a record that can never be delivered. It is set aside, in a
// file beside the segment, for a person.
var ErrRefused = errors.New("it can never be delivered")

// Drained is what a Drain did.
type Drained struct {
	Records int // delivered
	Aside   int // damaged or refused, and set aside
}

// Drain hands out what waits, the oldest segment first, and forgets what was
// delivered. It ends at the first record that is not, with the error of deliver.
// A crash in the middle has up to a segment delivered again.
func (s *Spool) Drain(ctx context.Context, deliver func(context.Context, Record) error) (d Drained, err error) {
	s.draining.Lock()
	defer s.draining.Unlock()
	s.writing.Lock()
	err = s.rotate()
	s.writing.Unlock()
	if err != nil {
		return d, err
	}
	paths, err := s.find()
	if err != nil {
		return d, err
	}
	for _, path := range paths {
		if err := s.drain(ctx, path, &d, deliver); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (s *Spool) drain(ctx context.Context, path string, d *Drained, deliver func(context.Context, Record) error) error {
	f, err := take(path)
	if f == nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	err = lines(f, s.offset(path), func(line []byte, end int64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := parse(line)
		if err == nil {
			err = deliver(ctx, r)
		}
		switch {
		case err == nil:
			d.Records++
		case errors.Is(err, errDamaged), errors.Is(err, ErrRefused):
			if err := setAside(path, line); err != nil {
				return err
			}
			d.Aside++
		default:
			return err
		}
		s.delivered(path, end, r.At)
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil { // while it is locked: nobody takes it meanwhile
		return fmt.Errorf("removing a segment of the spool: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, path)
	return nil
}

func (s *Spool) offset(path string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.known[path]; b != nil {
		return b.done
	}
	return 0
}

// delivered notes how far a segment is drained. The next record came no earlier
// than this one.
func (s *Spool) delivered(path string, end int64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.known[path]
	if b == nil {
		return
	}
	b.records, b.done = b.records-1, end
	if at.After(b.first) {
		b.first = at
	}
}

// openAside opens a file of what was set aside for nobody else until it is closed:
// one process may add to it while another forgets somebody in it.
func openAside(path string, how int) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, how, 0o600)
		if err != nil {
			return nil, err
		}
		if err := await(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		ours, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(ours, there) {
			return f, nil
		}
		if err := f.Close(); err != nil { // another took its place while we waited
			return nil, err
		}
	}
}

// setAside keeps a line that is of no use to anybody but a person.
func setAside(path string, line []byte) error {
	f, err := openAside(strings.TrimSuffix(path, segmentEnds)+asideEnds, os.O_WRONLY|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return fmt.Errorf("setting a record of the spool aside: %w", err)
	}
	_, err = f.Write(append(line[:len(line):len(line)], '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("setting a record of the spool aside: %w", err)
	}
	return nil
}
