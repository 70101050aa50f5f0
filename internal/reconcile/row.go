package reconcile

import (
	"encoding/binary"
	"errors"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// row is a subscriber as the run keeps one: what decisions need of it.
type row struct {
	email, name, state, date string
	values                   []string // as Layout.Facts orders them
}

func (r row) active() bool { return r.state == member.StateActive }

// sighting is the row as package member takes it.
func (r row) sighting(at string) member.Sighting {
	return member.Sighting{At: at, Found: true, Email: r.email, Name: r.name, State: r.state, Date: r.date, Values: r.values}
}

// columns maps the keys of a list's custom fields to their places in a row.
type columns map[string]int

func columnsOf(l member.Layout) columns {
	c := columns{}
	for i, fact := range l.Facts() {
		c[campaignmonitor.NormalizeKey(l.Columns[fact].Key)] = i
	}
	return c
}

func (c columns) row(s campaignmonitor.Subscriber) row {
	r := row{email: s.Email, name: s.Name, state: s.State, date: s.Date, values: make([]string, len(c))}
	for _, f := range s.Fields {
		if i, ours := c[f.Key]; ours {
			r.values[i] = f.Value
		}
	}
	return r
}

// encode appends the row: its length, then each text with its own.
func (r row) encode(to []byte) []byte {
	size := 0
	for _, s := range r.texts() {
		size += uvarintLen(len(*s)) + len(*s)
	}
	for _, v := range r.values {
		size += uvarintLen(len(v)) + len(v)
	}
	to = binary.AppendUvarint(to, uint64(size))
	for _, s := range r.texts() {
		to = appendText(to, *s)
	}
	for _, v := range r.values {
		to = appendText(to, v)
	}
	return to
}

func (r *row) texts() [4]*string { return [...]*string{&r.email, &r.name, &r.state, &r.date} }

func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

func uvarintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

var errBadRow = errors.New("the listing's file is damaged")

// decodeRow reads a row without its length. All texts share one string.
func decodeRow(raw []byte) (r row, err error) {
	all := string(raw)
	next := func() string {
		n, used := binary.Uvarint([]byte(all[:min(len(all), binary.MaxVarintLen64)]))
		if used <= 0 || uint64(len(all)-used) < n {
			err, all = errBadRow, ""
			return ""
		}
		s := all[used : used+int(n)]
		all = all[used+int(n):]
		return s
	}
	for _, s := range r.texts() {
		*s = next()
	}
	for len(all) > 0 && err == nil {
		r.values = append(r.values, next())
	}
	return r, err
}
