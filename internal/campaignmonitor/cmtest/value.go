package cmtest

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// maxValue is the documented length of a custom field's value, in characters;
// whose is not documented, so the strictest reading, UTF-16 units, counts.
const maxValue = 250

// setFields applies the fields of a write. The API says nothing of what it
// drops, so neither does this; it is recorded as a violation.
func (s *Server) setFields(c *call, l *list, sub *subscriber, bodies []fieldBody) {
	replaced := map[*field]bool{} // MultiSelectMany is replaced wholesale
	for _, b := range bodies {
		f := l.field(string(b.Key))
		if f == nil {
			s.violate(c.op, "unknown-field", string(b.Key))
			continue
		}
		value := s.clean(c, f.bare(), string(b.Value))
		switch {
		case bool(b.Clear) && c.op == "subscriber_add":
			s.violate(c.op, "clear-on-add", f.bare()) // described for update and import only
		case bool(b.Clear):
			sub.clear(f, value)
		case value == "":
			s.violate(c.op, "empty-value", f.bare()) // what it does is not documented
		case f.dataType == "MultiSelectMany":
			s.selectOption(c, sub, f, value, replaced)
		default:
			s.setValue(c, sub, f, value)
		}
	}
}

func (sub *subscriber) clear(f *field, value string) {
	if f.dataType == "MultiSelectMany" && value != "" {
		sub.values[f] = slices.DeleteFunc(slices.Clone(sub.values[f]), func(v string) bool { return v == value })
		return
	}
	delete(sub.values, f)
}

func (s *Server) selectOption(c *call, sub *subscriber, f *field, value string, replaced map[*field]bool) {
	if !slices.Contains(f.options, value) {
		s.violate(c.op, "bad-option", f.bare())
		return
	}
	if !replaced[f] {
		delete(sub.values, f)
		replaced[f] = true
	}
	sub.values[f] = append(slices.Clone(sub.values[f]), value)
}

func (s *Server) setValue(c *call, sub *subscriber, f *field, value string) {
	switch f.dataType {
	case "Date":
		if value == "0000-00-00" {
			delete(sub.values, f)
			return
		}
		day, fine := parseDay(value)
		if !fine {
			s.violate(c.op, "date-ignored", f.bare())
			return
		}
		value = day
	case "Number":
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			s.violate(c.op, "bad-number", f.bare())
			return
		}
	case "MultiSelectOne":
		if !slices.Contains(f.options, value) {
			s.violate(c.op, "bad-option", f.bare())
			return
		}
	}
	sub.values[f] = []string{value}
}

// parseDay reads the two unambiguous forms of a date; the API ignores whatever
// lies outside its range.
func parseDay(value string) (string, bool) {
	for _, layout := range []string{"2006/01/02", "2006-01-02"} {
		day, err := time.Parse(layout, value)
		if err != nil {
			continue
		}
		first, last := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2076, 6, 6, 0, 0, 0, 0, time.UTC)
		return day.Format(time.DateOnly), !day.Before(first) && !day.After(last)
	}
	return "", false
}

// clean records what a value must not have, and cuts it as the API may.
func (s *Server) clean(c *call, name, value string) string {
	if strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && r > 0x2029
	}) {
		s.violate(c.op, "control-character", name)
	}
	units := utf16.Encode([]rune(value))
	if len(units) <= maxValue {
		return value
	}
	s.violate(c.op, "value-too-long", name)
	return string(utf16.Decode(units[:maxValue]))
}
