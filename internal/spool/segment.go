package spool

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// What the files of a spool are called: a segment by when it was begun, in
// milliseconds, and how many its process had begun by then; and what of it nobody could take by the same name and one more
// ending.
const (
	segmentEnds = ".spool"
	asideEnds   = ".aside"
)

// maxSegment is when the next segment is begun, in bytes: what a crash in the
// middle of draining one has delivered again is at most this much.
const maxSegment = 4 << 20

// maxLine is more than any record has: a webhook's body has 1 MiB at most, which
// JSON may write six times as long.
const maxLine = 16 << 20

// segment is a file that records are added to. Its lock says that its process
// lives.
type segment struct {
	file *os.File
	path string
	size int64
}

// begin makes a segment under a name that nobody looks for, until it is locked:
// another process would take it for one that was left behind.
func begin(dir string, now time.Time, n int) (*segment, error) {
	f, err := os.CreateTemp(dir, ".begin-*") // of mode 0600
	if err != nil {
		return nil, fmt.Errorf("beginning a segment of the spool: %w", err)
	}
	name := fmt.Sprintf("%013d-%06d-%s%s", now.UnixMilli(), n, rand.Text()[:8], segmentEnds)
	if err := publish(f, filepath.Join(dir, name)); err != nil {
		return nil, errors.Join(fmt.Errorf("beginning a segment of the spool: %w", err), os.Remove(f.Name()), f.Close())
	}
	return &segment{file: f, path: filepath.Join(dir, name)}, nil
}

func publish(f *os.File, path string) error {
	if !lock(f) {
		return errors.New("its file cannot be locked")
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path)) // else a power cut may take the name, and with it the records
}

// add returns when the lines are on disk. After an error the segment may hold a
// part of them, and takes no more.
func (s *segment) add(lines []byte) error {
	n, err := s.file.Write(lines)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("writing to the spool: %w", err)
	}
	s.size += int64(n)
	return nil
}

// end gives the segment up, for whoever drains it. What a failed write left at
// its end is cut off, so that a full disk gets back what it can.
func (s *segment) end() error {
	err := s.file.Truncate(s.size)
	return errors.Join(err, s.file.Close())
}

func lock(f *os.File) bool {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err == nil
		}
	}
}

// await locks a file once nobody else has it locked.
func await(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening the spool's directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("writing the spool's directory: %w", err)
	}
	return nil
}

// take opens a segment that nobody writes to, and nobody else drains; nil if
// there is none of that name.
func take(path string) (*os.File, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("opening a segment of the spool: %w", err)
	case !lock(f):
		return nil, f.Close()
	}
	if _, err := os.Stat(path); err != nil { // another drained it before it gave up the lock
		return nil, f.Close()
	}
	return f, nil
}

// lines reads the whole lines of a segment from an offset on, each without its
// line feed, and where it ends.
func lines(f *os.File, from int64, each func(line []byte, end int64) error) error {
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return fmt.Errorf("reading the spool: %w", err)
	}
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 0, 64<<10), maxLine)
	in.Split(whole)
	for in.Scan() {
		from += int64(len(in.Bytes())) + 1
		if err := each(in.Bytes(), from); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("reading the spool: %w", err)
	}
	return nil
}

// whole splits into lines, and leaves out a tail without a line feed.
func whole(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}
