package payment

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// node is a place in a provider's JSON. Reading never fails: what is missing, null or
// of another type is a zero value, since providers move, rename and retype their keys
// between versions, and a purchase must not be lost to that.
type node struct{ v any }

// parseJSON reads a body that has to be one JSON object.
func parseJSON(provider string, body []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // ids and amounts beyond 2^53 stay exact
	var v map[string]any
	if err := d.Decode(&v); err != nil || v == nil {
		return node{}, &Unreadable{
			Provider: provider, What: "the body is no JSON object",
			Remedy: "look at the webhook's settings with the provider; its format has to be JSON",
		}
	}
	return node{v}, nil
}

// at follows a dotted path; a number in it is a place in a list.
func (n node) at(path string) node {
	for key := range strings.SplitSeq(path, ".") {
		switch v := n.v.(type) {
		case map[string]any:
			n = node{v[key]}
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return node{}
			}
			n = node{v[i]}
		default:
			return node{}
		}
	}
	return n
}

// has tells whether the object has this key, be it null.
func (n node) has(key string) bool {
	object, _ := n.v.(map[string]any)
	_, ok := object[key]
	return ok
}

// list is the elements of the list at a path; none, if there is no list.
func (n node) list(path string) []node {
	elements, _ := n.at(path).v.([]any)
	nodes := make([]node, len(elements))
	for i, v := range elements {
		nodes[i] = node{v}
	}
	return nodes
}

// text is the first of the paths that leads to a text or a number. An object stands
// for its id: many APIs can put the whole thing where its id was.
func (n node) text(paths ...string) string {
	for _, path := range paths {
		switch v := n.at(path).v.(type) {
		case string:
			if s := strings.TrimSpace(v); s != "" {
				return s
			}
		case json.Number:
			return v.String()
		case map[string]any:
			if s := (node{v["id"]}).self(); s != "" {
				return s
			}
		}
	}
	return ""
}

// self is a node's own text or number.
func (n node) self() string {
	switch v := n.v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// number is the first of the paths that leads to a whole number, as such or in a text.
func (n node) number(paths ...string) int64 {
	for _, path := range paths {
		if i, err := strconv.ParseInt(n.at(path).self(), 10, 64); err == nil {
			return i
		}
	}
	return 0
}

// truth is whether a path leads to true, 1 or their texts.
func (n node) truth(path string) bool {
	if b, ok := n.at(path).v.(bool); ok {
		return b
	}
	b, err := strconv.ParseBool(n.at(path).self())
	return err == nil && b
}

// time is the first of the paths that leads to a moment.
func (n node) time(paths ...string) time.Time {
	for _, path := range paths {
		if t := parseTime(n.at(path).self()); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// layouts are how providers write a moment; without a zone it is UTC.
var layouts = [...]string{time.RFC3339, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.DateOnly}

// firstMilliseconds parts seconds since 1970 from milliseconds, as package ghost does.
const firstMilliseconds = 1e11

// parseTime reads a moment, as text or as seconds or milliseconds since 1970. Zero is
// what is no moment, or none of the years 1970 to 9999, which is all that JSON can say.
func parseTime(s string) time.Time {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 && n < firstMilliseconds*1000 {
		if n < firstMilliseconds {
			return time.Unix(n, 0).UTC()
		}
		return time.UnixMilli(n).UTC()
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil && t.UTC().Year() >= 1970 && t.UTC().Year() <= 9999 {
			return t.UTC()
		}
	}
	return time.Time{}
}
