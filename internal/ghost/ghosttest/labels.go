package ghosttest

import (
	"fmt"
	"slices"
	"strings"
)

// labels are the labels of a site. Names are told apart without their case.
type labels struct {
	byName map[string]thing  // by the name in lower case
	names  map[string]string // the same by id
	slugs  map[string]bool
}

func newLabels() labels {
	return labels{byName: map[string]thing{}, names: map[string]string{}, slugs: map[string]bool{}}
}

// find finds a label by its name.
func (l *labels) find(name string) (thing, bool) {
	t, ok := l.byName[strings.ToLower(name)]
	return t, ok
}

// findID finds a label by its id.
func (l *labels) findID(id string) (thing, bool) {
	t, ok := l.byName[l.names[id]]
	return t, ok
}

func (l *labels) put(t thing) {
	name := strings.ToLower(t.name)
	l.byName[name], l.names[t.id], l.slugs[t.slug] = t, name, true
}

func (l *labels) remove(t thing) {
	delete(l.byName, strings.ToLower(t.name))
	delete(l.names, t.id)
	delete(l.slugs, t.slug)
}

// freeSlug derives a slug as Ghost does: letters and digits with dashes, and a
// number behind it if the slug is taken.
func (l *labels) freeSlug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	base := strings.Join(words, "-")
	if base == "" {
		base = "label"
	}
	slug := base
	for n := 2; l.slugs[slug]; n++ {
		slug = fmt.Sprintf("%s-%d", base, n)
	}
	return slug
}

// label finds a label by its name, or makes it.
func (s *site) label(name string) thing {
	if t, ok := s.labels.find(name); ok {
		return t
	}
	t := s.make(name, s.labels.freeSlug(name), "")
	s.labels.put(t)
	return t
}

// canonicalLabels trims names, drops empty and repeated ones, and takes the
// spelling of labels that exist.
func (s *site) canonicalLabels(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if n = strings.TrimSpace(n); n == "" {
			continue
		}
		if l := s.label(n); !slices.Contains(out, l.name) {
			out = append(out, l.name)
		}
	}
	return out
}

// RenameLabel gives a label another name, which all its members have from then
// on. Ghost keeps its id and its slug, sends no webhook, and leaves updated_at
// of the members alone. It returns how many members have the label.
func (s *Server) RenameLabel(from, to string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	label, ok := s.site.labels.find(from)
	if _, taken := s.site.labels.find(to); !ok || taken && !strings.EqualFold(from, to) {
		return 0
	}
	s.site.labels.remove(label)
	n := s.site.relabel(label.name, func(names []string, at int) []string { names[at] = to; return names })
	label.name = to
	s.site.labels.put(label)
	return n
}

// DeleteLabel deletes a label, and takes it from all members that have it. No
// webhook tells. It returns how many members had it.
func (s *Server) DeleteLabel(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	label, ok := s.site.labels.find(name)
	if !ok {
		return 0
	}
	s.site.labels.remove(label)
	return s.site.relabel(label.name, func(names []string, at int) []string { return slices.Delete(names, at, at+1) })
}

// relabel changes the labels of the members that have one, given where it is.
func (s *site) relabel(name string, change func(names []string, at int) []string) int {
	n := 0
	for _, m := range s.members {
		if at := slices.Index(m.Labels, name); at >= 0 {
			m.Labels = change(m.Labels, at)
			n++
		}
	}
	return n
}
