package reconcile

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"iter"
	"math/bits"
	"os"
	"slices"

	"github.com/ghostcm/ghostcm/internal/member"
)

// listing is a whole list as it was read. The rows lie in a file without a name,
// which is gone with the process; in memory are 16 bytes and a bit for each.
type listing struct {
	file *os.File
	out  *bufio.Writer
	size int64
	seed maphash.Seed
	rows []place // by hash once sealed
	buf  []byte
	wide int // how many values a row has

	// first are the numbers of the first rows whose hashes begin with 0, 1, 2 …, in
	// what shift leaves of them; behind them the number of rows.
	first []uint32
	shift int

	met     marks // the rows that some member of Ghost belongs to
	claimed marks // the rows whose address some member has in Ghost

	active int
}

// place is where the row of an address is.
type place struct {
	hash   uint64
	offset int64
}

// marks is a bit for each row.
type marks []uint64

func newMarks(n int) marks { return make(marks, (n+63)/64) }

func (b marks) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

// set sets a bit and says whether it was not set before.
func (b marks) set(i int) (first bool) {
	first = !b.has(i)
	b[i/64] |= 1 << (i % 64)
	return first
}

// newListing makes an empty listing whose file is in dir.
func newListing(dir string) (*listing, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keeping the listing: %w", err)
	}
	file, err := os.CreateTemp(dir, "listing-*")
	if err != nil {
		return nil, fmt.Errorf("keeping the listing: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil { // it holds addresses: nobody is to find it
		_ = file.Close()
		return nil, fmt.Errorf("keeping the listing: %w", err)
	}
	return &listing{file: file, out: bufio.NewWriterSize(file, 256<<10), seed: maphash.MakeSeed()}, nil
}

// Close gives the file up.
func (l *listing) Close() error { return l.file.Close() }

// add keeps a row. Of two rows of one address, seal drops one.
func (l *listing) add(r row) error {
	l.buf = r.encode(l.buf[:0])
	if _, err := l.out.Write(l.buf); err != nil {
		return fmt.Errorf("keeping the listing: %w", err)
	}
	l.rows, l.wide = append(l.rows, place{l.hash(r.email), l.size}), max(l.wide, len(r.values))
	l.size += int64(len(l.buf))
	if r.active() {
		l.active++
	}
	return nil
}

func (l *listing) hash(email string) uint64 { return maphash.String(l.seed, member.AddressKey(email)) }

// seal ends the adding, and lets the listing be asked.
func (l *listing) seal() error {
	if err := l.out.Flush(); err != nil {
		return fmt.Errorf("keeping the listing: %w", err)
	}
	l.out = nil
	slices.SortFunc(l.rows, func(a, b place) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Compare(a.offset, b.offset)
	})
	if err := l.dropOlder(); err != nil {
		return err
	}
	l.met, l.claimed = newMarks(len(l.rows)), newMarks(len(l.rows))
	l.index()
	return nil
}

// index notes where hashes begin, about eight to one note: finding one is then no
// search through all.
func (l *listing) index() {
	wide := bits.Len(uint(len(l.rows) / 8))
	l.shift = 64 - wide
	l.first = make([]uint32, 0, 1<<wide+1)
	for i, p := range l.rows {
		for uint64(len(l.first)) <= p.hash>>l.shift {
			l.first = append(l.first, uint32(i))
		}
	}
	for len(l.first) < cap(l.first) {
		l.first = append(l.first, uint32(len(l.rows)))
	}
}

// dropOlder keeps one row of each address: a subscriber who moved from state to
// state while the pages were read came twice.
func (l *listing) dropOlder() error {
	old := map[int]bool{}
	for i := 1; i < len(l.rows); i++ {
		for j := i - 1; j >= 0 && l.rows[j].hash == l.rows[i].hash; j-- {
			if old[j] {
				continue
			}
			loser, err := l.loser(j, i)
			if err != nil {
				return err
			}
			if loser >= 0 {
				old[loser] = true
				break
			}
		}
	}
	if len(old) == 0 {
		return nil
	}
	kept := l.rows[:0]
	for i, p := range l.rows {
		if !old[i] {
			kept = append(kept, p)
		}
	}
	l.rows = kept
	return nil
}

// loser is which of two rows to drop, -1 if they are of two addresses.
func (l *listing) loser(i, j int) (int, error) {
	a, b, err := l.pair(i, j)
	if err != nil || !member.SameAddress(a.email, b.email) {
		return -1, err
	}
	which, lost := i, a
	if newer(a, b) {
		which, lost = j, b
	}
	if lost.active() {
		l.active--
	}
	return which, nil
}

func (l *listing) pair(i, j int) (a, b row, err error) {
	if a, err = l.read(l.rows[i].offset); err == nil {
		b, err = l.read(l.rows[j].offset)
	}
	return a, b, err
}

// newer says whether a is the later state of the same subscriber than b. Where
// the date does not tell, nobody is taken for active.
func newer(a, b row) bool {
	if a.date != b.date {
		return a.date > b.date
	}
	return !a.active()
}

// find returns the row of an address, and its number, which is -1 if the list
// does not have it.
func (l *listing) find(email string) (row, int, error) {
	hash := l.hash(email)
	note := hash >> l.shift
	for i := int(l.first[note]); i < int(l.first[note+1]); i++ {
		if l.rows[i].hash != hash {
			continue
		}
		r, err := l.read(l.rows[i].offset)
		if err != nil {
			return row{}, -1, err
		}
		if member.SameAddress(r.email, email) {
			return r, i, nil
		}
	}
	return row{}, -1, nil
}

// aRow is as long as most rows: those are read at once.
const aRow = 512

func (l *listing) read(offset int64) (row, error) {
	var first [aRow]byte
	n, err := l.file.ReadAt(first[:min(aRow, l.size-offset)], offset)
	if err != nil {
		return row{}, fmt.Errorf("reading the listing: %w", err)
	}
	size, used := binary.Uvarint(first[:n])
	if used <= 0 || int64(size) > l.size-offset-int64(used) {
		return row{}, errBadRow
	}
	if used+int(size) <= n {
		return decodeRow(first[used:used+int(size)], l.wide)
	}
	whole := make([]byte, size)
	if _, err := l.file.ReadAt(whole, offset+int64(used)); err != nil {
		return row{}, fmt.Errorf("reading the listing: %w", err)
	}
	return decodeRow(whole, l.wide)
}

// unmet yields the rows that no member of Ghost belongs to.
func (l *listing) unmet() iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for i, p := range l.rows {
			if l.met.has(i) {
				continue
			}
			r, err := l.read(p.offset)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}
