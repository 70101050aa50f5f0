package ghost

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Bounds of a census: more than any site has, and more than any Ghost tells.
const (
	maxCensusRows    = 10_000_000
	maxCensusColumns = 100 // there are 12 today
)

// CensusRow is one member in the export of all. It tells who exists, and by its
// digest who may have changed; it has no status and no updated_at, so what is to
// be written is read with MembersByID. Texts are as the CSV has them.
type CensusRow struct {
	ID    string // 24 hex digits
	Email string
	Name  string // "" when Ghost has none
	// Labels and Tiers are names joined with commas, which names may hold too.
	Labels, Tiers string
	// Subscribed is whether any newsletter is on.
	Subscribed           member.Maybe[bool]
	CreatedAt, DeletedAt time.Time // zero if unknown; Ghost leaves DeletedAt empty
	// Digest is of all that the row says, in columns that are not known here too,
	// but for the note. A member whose digest stands has changed in nothing that
	// the export shows.
	Digest uint64
}

// Census asks Ghost for all members at once, as one stream in no promised
// order, which it takes about a second for 20,000 of them; 10 minutes at most,
// with what the caller does meanwhile. However many there are, one row at a time
// is in memory.
//
// A CSV has no end that could be missing, so the rows are counted against what
// Ghost says before and after. Any error ends the census and means that it is
// not whole: who did not come by then is not missing. A row that cannot be read
// is yielded as an error that wraps ErrInvalidMember, with what is known of its
// id, and the census goes on.
func (c *Client) Census(ctx context.Context) iter.Seq2[CensusRow, error] {
	return func(yield func(CensusRow, error) bool) {
		before, err := c.CountMembers(ctx)
		if err != nil {
			yield(CensusRow{}, err)
			return
		}
		r := censusReader{yield: yield}
		call := call{
			op: "census", path: "members/upload/", query: url.Values{"limit": {"all"}},
			bytes: maxCensus, within: censusTimeout,
		}
		_, err = c.do(ctx, call, r.read)
		if errors.Is(err, errStopped) {
			return
		}
		if err == nil && r.rows < before {
			err = c.explain(ctx, call, r.rows)
		}
		if err != nil {
			yield(CensusRow{}, err)
		}
	}
}

// errStopped says that the caller has seen enough.
var errStopped = errors.New("the caller stopped")

// explain tells a census that was cut from members that were deleted since they
// were counted.
func (c *Client) explain(ctx context.Context, call call, rows int) error {
	after, err := c.CountMembers(ctx)
	if err == nil && rows < after {
		err = call.unreadable(errCut)
	}
	return err
}

// censusReader takes the CSV apart while it arrives.
type censusReader struct {
	yield func(CensusRow, error) bool
	rows  int

	columns map[string]int
	scratch []byte
}

func (r *censusReader) read(ctx context.Context, body *bounded) error {
	if body.endless {
		return errEndless
	}
	body.nextValue()
	in := csv.NewReader(body)
	in.ReuseRecord = true
	if err := r.readHeader(in); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		body.nextValue()
		record, err := in.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return errNotCSV
		case r.rows == maxCensusRows:
			return errTooMany
		}
		r.rows++
		if !r.yield(r.row(record)) {
			return errStopped
		}
	}
}

// readHeader finds the columns. Ghost 5 calls the tiers products; later ones
// have added columns.
func (r *censusReader) readHeader(in *csv.Reader) error {
	header, err := in.Read()
	if err != nil || len(header) > maxCensusColumns {
		return errNotCSV
	}
	r.columns = make(map[string]int, len(header))
	for i, name := range header {
		r.columns[strings.TrimPrefix(name, "\ufeff")] = i
	}
	if at, ok := r.columns["products"]; ok {
		r.columns["tiers"] = at
	}
	for _, name := range []string{"id", "email", "created_at"} {
		if _, ok := r.columns[name]; !ok {
			return errNotCSV
		}
	}
	return nil
}

func (r *censusReader) row(record []string) (CensusRow, error) {
	text := func(column string) string {
		if at, ok := r.columns[column]; ok {
			return record[at]
		}
		return ""
	}
	row := CensusRow{
		ID: text("id"), Email: text("email"), Name: text("name"), Labels: text("labels"), Tiers: text("tiers"),
		CreatedAt: csvTime(text("created_at")), DeletedAt: csvTime(text("deleted_at")),
	}
	if !ValidID(row.ID) {
		return CensusRow{}, fmt.Errorf("ghost census: %w: id is not 24 hex digits", ErrInvalidMember)
	}
	if !validEmail(row.Email) {
		return CensusRow{ID: row.ID}, fmt.Errorf("ghost census: %w: email is missing or no address", ErrInvalidMember)
	}
	if on, err := strconv.ParseBool(text("subscribed_to_emails")); err == nil {
		row.Subscribed = member.Some(on)
	}
	row.Digest = r.digest(record)
	return row, nil
}

// digest covers the values with their lengths, so that nothing can move from
// one column to the next unseen. It does not cover the names of columns.
func (r *censusReader) digest(record []string) uint64 {
	note, hasNote := r.columns["note"]
	b := r.scratch[:0]
	for i, value := range record {
		if hasNote && i == note {
			continue
		}
		if at, ok := r.columns["labels"]; ok && i == at {
			value = sortedNames(value)
		}
		b = binary.AppendUvarint(b, uint64(len(value)))
		b = append(b, value...)
	}
	r.scratch = b
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// sortedNames is a list of names in an order that stays: MySQL and MariaDB keep none
// for labels that came by an import or a bulk edit.
func sortedNames(list string) string {
	if !strings.Contains(list, ",") {
		return list
	}
	names := strings.Split(list, ",")
	slices.Sort(names)
	return strings.Join(names, ",")
}

func csvTime(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
