package ghosttest

import (
	"bytes"
	"encoding/json"
	"strconv"
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
func (o object) MarshalJSON() ([]byte, error) { return appendJSON(nil, o), nil }

// encode writes JSON as Ghost does: on one line, with letters as they are.
func encode(v any) []byte { return appendJSON(make([]byte, 0, 1024), v) }

// appendJSON writes what members are made of without reflection, so that a walk
// through a hundred thousand of them takes seconds.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendText(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case json.RawMessage:
		return append(b, v...)
	case object:
		return appendObject(b, v)
	case []object:
		b = append(b, '[')
		for i, o := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendObject(b, o)
		}
		return append(b, ']')
	}
	return append(b, encodeAny(v)...)
}

func appendObject(b []byte, o object) []byte {
	b = append(b, '{')
	for i, p := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, p.key)
		b = append(b, ':')
		b = appendJSON(b, p.value)
	}
	return append(b, '}')
}

// appendText writes plain ASCII itself and leaves the rest to encoding/json.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, encodeAny(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// encodeAny is only given what can be encoded.
func encodeAny(v any) []byte {
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
