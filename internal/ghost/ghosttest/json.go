package ghosttest

import (
	"bytes"
	"encoding/json"
	"time"
)

// object is a JSON object whose keys keep their order, as Ghost's do.
type object []pair

type pair struct {
	key   string
	value any
}

// with adds a key if the condition holds.
func (o object) with(ok bool, key string, value any) object {
	if ok {
		return append(o, pair{key, value})
	}
	return o
}

// MarshalJSON writes the pairs in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encode(p.key))
		b.WriteByte(':')
		b.Write(encode(p.value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes JSON as Ghost does: on one line, with letters as they are. It
// is only given what can be encoded.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

const isoMillis = "2006-01-02T15:04:05.000Z"

func iso(t time.Time) string { return t.UTC().Format(isoMillis) }

func isoOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return iso(t)
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
