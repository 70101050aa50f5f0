package member

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The bits of a memory's record. What nearly every member has comes first.
const (
	bitEmail = iota
	bitStatus
	bitWritten
	bitLayout
	bitAppliedAt
	bitSubscribed // Subscribed is known
	bitOptedIn    // and true
	bitStatusChangedAt
	bitPreviousStatus
	bitInactive
	bitDeletedAt
	bitVanished
	bitOptInAt
	bitIncluded
	bitLag
	bitPerhaps
	bitStale
	memoryBits
)

// Record is the memory as it is kept.
func (m *Memory) Record() []byte {
	w := recordWriter{body: make([]byte, 0, 128)}
	w.text(bitEmail, m.Email)
	w.word(bitStatus, m.Status)
	if w.flag(bitWritten, m.Written != Digests{}) {
		w.body = m.Written.append(w.body)
	}
	w.print(bitLayout, m.Layout)
	w.number(bitAppliedAt, m.AppliedAt)
	w.flag(bitSubscribed, m.Subscribed.Known)
	w.flag(bitOptedIn, m.Subscribed.Value)
	if w.flag(bitStatusChangedAt, !m.StatusChangedAt.IsZero()) {
		w.body = binary.AppendVarint(w.body, m.AppliedAt-m.StatusChangedAt.UnixMilli()) // mostly small
	}
	w.word(bitPreviousStatus, m.PreviousStatus)
	w.flag(bitInactive, m.Inactive)
	w.number(bitDeletedAt, m.DeletedAt)
	w.flag(bitVanished, m.Vanished)
	w.number(bitOptInAt, m.OptInAt)
	w.flag(bitIncluded, m.Included)
	w.lag(m.Lag)
	w.texts(bitPerhaps, m.Perhaps)
	w.texts(bitStale, m.Stale)
	return w.record()
}

// MemoryOf reads what Record wrote; ErrRecord if it was anything else.
func MemoryOf(record []byte) (m Memory, err error) {
	r, err := readRecord(record, memoryBits)
	if err != nil {
		return m, fmt.Errorf("reading a member: %w", err)
	}
	m.Email, m.Status = r.text(bitEmail), r.word(bitStatus)
	if r.flag(bitWritten) {
		m.Written.read(r)
	}
	m.Layout, m.AppliedAt = r.print(bitLayout), r.number(bitAppliedAt)
	m.Subscribed = Maybe[bool]{Known: r.flag(bitSubscribed), Value: r.flag(bitOptedIn)}
	if r.flag(bitStatusChangedAt) {
		m.StatusChangedAt = time.UnixMilli(m.AppliedAt - r.varint()).UTC()
	}
	m.PreviousStatus, m.Inactive = r.word(bitPreviousStatus), r.flag(bitInactive)
	m.DeletedAt, m.Vanished = r.number(bitDeletedAt), r.flag(bitVanished)
	m.OptInAt, m.Included = r.number(bitOptInAt), r.flag(bitIncluded)
	m.Lag = r.lag()
	m.Perhaps, m.Stale = r.texts(bitPerhaps), r.texts(bitStale)
	if err := r.end(); err != nil {
		return Memory{}, fmt.Errorf("reading a member: %w", err)
	}
	return m, nil
}

func (w *recordWriter) lag(lag map[string]int64) {
	if !w.flag(bitLag, len(lag) > 0) {
		return
	}
	w.body = binary.AppendUvarint(w.body, uint64(len(lag)))
	for _, key := range slices.Sorted(maps.Keys(lag)) {
		w.raw(key)
		w.body = binary.AppendVarint(w.body, lag[key])
	}
}

func (r *recordReader) lag() map[string]int64 {
	if !r.flag(bitLag) {
		return nil
	}
	lag := map[string]int64{}
	for n := r.uvarint(); n > 0 && !r.fault; n-- {
		key := r.raw()
		lag[key] = r.varint()
	}
	return lag
}
