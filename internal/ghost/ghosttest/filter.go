package ghosttest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// filter is what a filter in NQL selects: any of its groups, and in a group all
// of its clauses.
type filter [][]clause

type clause struct {
	field, op string
	values    []string
	inner     filter // what stands in parentheses; nil for any other clause
}

var (
	errSyntax = errors.New("filter cannot be parsed")
	errColumn = errors.New("unknown column")
)

// parseFilter reads field:op'value' clauses with + for and, and a comma for or.
// A filter on password is dropped, as Ghost does: it then selects everyone.
func parseFilter(text string) (filter, error) {
	if text == "" {
		return nil, nil
	}
	f, rest, err := parseGroups(text)
	if err == nil && rest != "" {
		return nil, errSyntax
	}
	return f, err
}

// parseGroups reads until the end, or a parenthesis that it has not opened.
func parseGroups(text string) (f filter, rest string, err error) {
	group := []clause{}
	for {
		c, rest, err := parseTerm(text)
		if err != nil {
			return nil, "", err
		}
		if c.field != "password" {
			group = append(group, c)
		}
		switch {
		case rest == "" || rest[0] == ')':
			return append(f, group), rest, nil
		case rest[0] == ',':
			f, group = append(f, group), nil
		case rest[0] != '+':
			return nil, "", errSyntax
		}
		text = rest[1:]
	}
}

// parseTerm reads a clause, or what stands in parentheses.
func parseTerm(text string) (c clause, rest string, err error) {
	inner, opened := strings.CutPrefix(text, "(")
	if !opened {
		return parseClause(text)
	}
	f, rest, err := parseGroups(inner)
	if err != nil || rest == "" {
		return clause{}, "", errSyntax
	}
	return clause{inner: f}, rest[1:], nil
}

func parseClause(text string) (c clause, rest string, err error) {
	field, text, ok := strings.Cut(text, ":")
	if !ok || strings.Trim(field, "abcdefghijklmnopqrstuvwxyz_.") != "" {
		return clause{}, "", errSyntax
	}
	c = clause{field: field}
	if !slices.Contains([]string{
		"id", "email", "status", "name", "label", "labels.name", "tier", "subscribed", "created_at", "password",
	}, c.field) {
		return clause{}, "", fmt.Errorf("%w %s", errColumn, c.field)
	}
	for _, op := range []string{">=", "<=", ">", "<", "-~", "~^", "~$", "~", "-"} {
		if strings.HasPrefix(text, op) {
			c.op, text = op, text[len(op):]
			break
		}
	}
	if !strings.HasPrefix(text, "[") {
		value, rest, err := parseValue(text)
		c.values = []string{value}
		return c, rest, err
	}
	for sep := byte('['); sep != ']'; {
		value, rest, err := parseValue(text[1:])
		if err != nil || rest == "" || rest[0] != ',' && rest[0] != ']' {
			return clause{}, "", errSyntax
		}
		c.values = append(c.values, value)
		sep, text = rest[0], rest
	}
	return c, text[1:], nil
}

// parseValue reads a string in single quotes, in which a backslash escapes a
// quote, and neither kind of quote stands alone; or a bare word.
func parseValue(text string) (value, rest string, err error) {
	if text == "" || text[0] != '\'' {
		return parseWord(text)
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (text[i+1] == '\'' || text[i+1] == '"'):
			i++
			b.WriteByte(text[i])
		case c == '\'' && b.Len() > 0:
			return b.String(), text[i+1:], nil
		case c == '\'', c == '"':
			return "", "", errSyntax
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errSyntax
}

func parseWord(text string) (word, rest string, err error) {
	end := strings.IndexAny(text, " \t\r\n'\"+,()[]<>=~:")
	if end < 0 {
		end = len(text)
	}
	if end == 0 {
		return "", "", errSyntax
	}
	return text[:end], text[end:], nil
}

// onlyAfter says whether the filter is nothing, or only id:>'…', and the id.
func (f filter) onlyAfter() (id string, ok bool) {
	if len(f) == 0 {
		return "", true
	}
	if len(f) == 1 && len(f[0]) == 1 && f[0][0].field == "id" && f[0][0].op == ">" {
		return f[0][0].values[0], true
	}
	return "", false
}

// named returns the only members that can match, if the filter names them by
// their ids or addresses; ok is false if it does not.
func (f filter) named(s *Server) (found []*Member, ok bool) {
	if len(f) != 1 {
		return nil, false
	}
	at := slices.IndexFunc(f[0], func(c clause) bool { return c.op == "" && (c.field == "id" || c.field == "email") })
	if at < 0 {
		return nil, false
	}
	for _, v := range f[0][at].values {
		m := s.site.byID[v]
		if f[0][at].field == "email" {
			m = s.site.byEmail[s.emailKey(v)]
		}
		if m != nil && !slices.Contains(found, m) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b *Member) int { return cmp.Compare(a.ID, b.ID) })
	return found, true
}

func (f filter) match(s *Server, m *Member) bool {
	if len(f) == 0 {
		return true
	}
	return slices.ContainsFunc(f, func(group []clause) bool {
		return !slices.ContainsFunc(group, func(c clause) bool { return !c.match(s, m) })
	})
}

func (c clause) match(s *Server, m *Member) bool {
	if c.inner != nil {
		return c.inner.match(s, m)
	}
	have := s.column(m, c.field)
	hit := slices.ContainsFunc(have, func(h string) bool {
		return slices.ContainsFunc(c.values, func(want string) bool { return c.compare(s, h, want) })
	})
	return hit != strings.HasPrefix(c.op, "-")
}

func (c clause) compare(s *Server, have, want string) bool {
	if c.field == "email" {
		have, want = s.emailKey(have), s.emailKey(want)
	}
	switch c.op {
	case ">":
		return have > want
	case ">=":
		return have >= want
	case "<":
		return have < want
	case "<=":
		return have <= want
	case "~", "-~":
		return strings.Contains(strings.ToLower(have), strings.ToLower(want))
	case "~^":
		return strings.HasPrefix(strings.ToLower(have), strings.ToLower(want))
	case "~$":
		return strings.HasSuffix(strings.ToLower(have), strings.ToLower(want))
	}
	return have == want
}

// column returns what a field holds, each value of one that holds several.
// Callers hold the lock.
func (s *Server) column(m *Member, field string) []string {
	switch field {
	case "id":
		return []string{m.ID}
	case "email":
		return []string{m.Email}
	case "status":
		return []string{m.Status}
	case "name":
		return []string{m.Name}
	case "created_at":
		return []string{m.CreatedAt.UTC().Format("2006-01-02 15:04:05")}
	case "subscribed":
		return []string{fmt.Sprint(len(m.Newsletters) > 0)}
	case "labels.name":
		return m.Labels
	case "label":
		out := make([]string, 0, len(m.Labels))
		for _, name := range m.Labels {
			l, _ := s.site.labels.find(name)
			out = append(out, l.slug)
		}
		return out
	case "tier":
		names := make([]string, len(m.Tiers))
		for i, g := range m.Tiers {
			names[i] = g.Tier
		}
		return slugs(s.site.tiers, names)
	}
	return nil
}

func slugs(things []thing, names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if t, ok := find(things, byName(n)); ok {
			out = append(out, t.slug)
		}
	}
	return out
}
