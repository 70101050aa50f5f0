package member

import "encoding/json"

// Maybe is a value that its source may not have mentioned. The zero Maybe is
// unknown, which is not the same as empty: old Ghosts leave keys out of their
// webhooks, and leaving a key out must never clear what is known.
type Maybe[T any] struct {
	Value T
	Known bool
}

// Some returns a known value.
func Some[T any](v T) Maybe[T] { return Maybe[T]{Value: v, Known: true} }

// IsZero says whether the value is unknown, for encoding/json's omitzero.
func (m Maybe[T]) IsZero() bool { return !m.Known }

// MarshalJSON writes the bare value.
func (m Maybe[T]) MarshalJSON() ([]byte, error) { return json.Marshal(m.Value) }

// UnmarshalJSON reads the bare value; null is known and empty.
func (m *Maybe[T]) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &m.Value); err != nil {
		return err
	}
	m.Known = true
	return nil
}
