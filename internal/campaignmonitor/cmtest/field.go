package cmtest

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxFieldName is the vendor's limit on a field's name, in characters.
const maxFieldName = 100

type field struct {
	name, dataType string
	options        []string
	visible        bool
}

// bare is the field's key without brackets: the name without its spaces, in the
// name's own case.
func (f *field) bare() string { return strings.ReplaceAll(f.name, " ", "") }
func (f *field) key() string  { return "[" + f.bare() + "]" }

// field finds the field that a key of a write means: with or without brackets,
// or the name with its spaces; the case must match.
func (l *list) field(key string) *field {
	want := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(key, "["), "]"), " ", "")
	i := slices.IndexFunc(l.fields, func(f *field) bool { return f.bare() == want })
	if i < 0 {
		return nil
	}
	return l.fields[i]
}

type fieldDefinition struct {
	FieldName                 str
	DataType                  str
	Options                   []string
	KeepExistingOptions       flag
	VisibleInPreferenceCenter flag
}

func (s *Server) readFields(_ *call, l *list) reply {
	out := []map[string]any{}
	for _, f := range l.fields {
		options := f.options
		if options == nil {
			options = []string{}
		}
		out = append(out, map[string]any{"FieldName": f.name, "Key": f.key(), "DataType": f.dataType,
			"FieldOptions": options, "VisibleInPreferenceCenter": f.visible})
	}
	return ok(out)
}

func (s *Server) createField(c *call, l *list) reply {
	var b fieldDefinition
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("customField")
	}
	f := &field{name: string(b.FieldName), dataType: string(b.DataType), options: b.Options, visible: bool(b.VisibleInPreferenceCenter)}
	if refused, bad := l.checkField(f, nil); bad {
		return refused
	}
	l.fields = append(l.fields, f)
	l.version++
	return created(f.key())
}

// checkField refuses a definition; self is the field that it replaces.
func (l *list) checkField(f, self *field) (reply, bool) {
	if f.bare() == "" || utf8.RuneCountInString(f.name) > maxFieldName || strings.ContainsAny(f.name, "[]") {
		return bad(254, "Invalid Field Name"), true
	}
	for _, other := range l.fields {
		if other != self && strings.EqualFold(other.bare(), f.bare()) {
			return bad(255, "Field Name already exists"), true
		}
	}
	switch f.dataType {
	case "Text", "Number", "Date", "Country", "USState":
		if len(f.options) > 0 {
			return bad(256, "Options can only be supplied for multi-select fields"), true
		}
	case "MultiSelectOne", "MultiSelectMany":
		if len(f.options) == 0 {
			return bad(257, "Options must be supplied for multi-select fields"), true
		}
	default:
		return bad(259, "Invalid DataType"), true
	}
	return reply{}, false
}

// onField gives the handler the field of the path, whose key must be in brackets.
func (s *Server) onField(handle func(*call, *list, *field) reply) func(*call, *list) reply {
	return func(c *call, l *list) reply {
		key := c.req.PathValue("key")
		f := l.field(key)
		if f == nil || key != f.key() {
			return bad(253, "Invalid Key. Keys must be surrounded with [ ]")
		}
		return handle(c, l, f)
	}
}

// updateField renames a field, which changes its key.
func (s *Server) updateField(c *call, l *list, f *field) reply {
	var b fieldDefinition
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("customField")
	}
	renamed := *f
	renamed.name, renamed.visible = string(b.FieldName), bool(b.VisibleInPreferenceCenter)
	if refused, bad := l.checkField(&renamed, f); bad {
		return refused
	}
	*f = renamed
	l.version++
	return ok(f.key())
}

func (s *Server) updateOptions(c *call, l *list, f *field) reply {
	var b fieldDefinition
	if json.Unmarshal(c.body, &b) != nil {
		return undecodable("customField")
	}
	changed := *f
	changed.options = b.Options
	if b.KeepExistingOptions {
		changed.options = slices.Concat(f.options, b.Options)
	}
	if refused, bad := l.checkField(&changed, f); bad {
		return refused
	}
	*f = changed
	return done()
}

func (s *Server) deleteField(_ *call, l *list, f *field) reply {
	l.fields = slices.DeleteFunc(l.fields, func(other *field) bool { return other == f })
	l.version++
	return done()
}
