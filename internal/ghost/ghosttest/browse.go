package ghosttest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) read(_ *http.Request, id string) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.site.byID[id]
	if !ok {
		return 0, nil, notFound("read", "Member not found.")
	}
	return http.StatusOK, s.one(*m), nil
}

// one is the answer with a single member. Callers hold the lock.
func (s *Server) one(m Member) object {
	return object{{"members", []object{s.render(m, single)}}}
}

func (s *Server) browse(r *http.Request, _ string) (int, any, *refusal) {
	query := r.URL.Query()
	limit, refused := limitOf(query)
	if refused != nil {
		return 0, nil, refused
	}
	page := max(1, atoi(query.Get("page")))
	match, err := parseFilter(query.Get("filter"))
	if err != nil {
		return 0, nil, badRequest("list", err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.selected(match, query.Get("order"))
	v := browsed
	if slices.Contains(strings.Split(query.Get("include"), ","), "tiers") {
		v = withTiers
	}
	from := min((page-1)*limit, len(found))
	rows := make([]object, 0, limit)
	for _, m := range found[from:min(from+limit, len(found))] {
		rows = append(rows, s.render(*m, v))
	}
	return http.StatusOK, object{{"members", rows}, {"meta", pagination(page, limit, len(found))}}, nil
}

// limitOf reads the limit: 15 if there is none or it is 0, and 100 at most,
// which is also what Ghost makes of "all" and of words.
func limitOf(query url.Values) (int, *refusal) {
	text := query.Get("limit")
	n, err := strconv.Atoi(text)
	switch {
	case text == "", err == nil && n == 0:
		return 15, nil
	case err == nil && n < 0:
		return 0, invalid("list", "Validation (isPositive) failed for limit", "limit")
	case err != nil || n > 100:
		return 100, nil
	}
	return n, nil
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// pagination is Ghost's: `next` is null on the last page alone, and points on
// and on behind it.
func pagination(page, limit, total int) object {
	pages := max(1, (total+limit-1)/limit)
	var next, prev any
	if page != pages {
		next = page + 1
	}
	if page > 1 {
		prev = page - 1
	}
	return object{{"pagination", object{
		{"page", page}, {"limit", limit}, {"pages", pages}, {"total", total}, {"next", next}, {"prev", prev},
	}}}
}

// selected returns the members that match, in order. Members are stored by id,
// so a walk by id costs only what it returns. Callers hold the lock.
func (s *Server) selected(f filter, order string) []*Member {
	byID := strings.EqualFold(strings.Join(strings.Fields(order), " "), "id asc")
	if after, ok := f.onlyAfter(); ok && byID {
		at := s.site.position(after)
		if at < len(s.site.members) && s.site.members[at].ID == after {
			at++
		}
		return s.site.members[at:]
	}
	found, ok := f.named(s)
	if !ok {
		found = slices.Clone(s.site.members)
	}
	found = slices.DeleteFunc(found, func(m *Member) bool { return !f.match(s, m) })
	if !byID {
		slices.SortStableFunc(found, newestFirst)
	}
	return found
}

// newestFirst is Ghost's default order, and the one for an order it does not know.
func newestFirst(a, b *Member) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
}

func (s *Server) browseTiers(*http.Request, string) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make([]object, 0, len(s.site.tiers))
	for _, t := range s.site.tiers {
		rows = append(rows, object{
			{"id", t.id}, {"name", t.name}, {"description", nil}, {"slug", t.slug}, {"active", !t.archived},
			{"type", t.tierType}, {"created_at", iso(t.createdAt)}, {"updated_at", iso(t.createdAt)},
			{"visibility", "public"}, {"trial_days", 0},
		})
	}
	return http.StatusOK, object{{"tiers", rows}, {"meta", pagination(1, max(1, len(rows)), len(rows))}}, nil
}
