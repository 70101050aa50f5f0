package ghosttest

import (
	"net/http"
	"strconv"
	"strings"
)

// exported are the columns of the export of members.
const exported = "id,email,name,note,subscribed_to_emails,complimentary_plan," +
	"stripe_customer_id,created_at,deleted_at,labels,tiers,gift_id"

// text is an answer that is no JSON.
type text struct {
	contentType, fileName string
	body                  []byte
}

// export is GET /members/upload/: the members that match as CSV, all of them
// with limit=all, which is one moment of the site. Status and updated_at are not
// in it, and labels are joined with commas, which they may hold.
func (s *Server) export(r *http.Request, _ string) (int, any, *refusal) {
	query := r.URL.Query()
	f, err := parseFilter(query.Get("filter"))
	if err != nil {
		return 0, nil, badRequest("export", err.Error())
	}
	limit := int(^uint(0) >> 1)
	if query.Get("limit") != "all" {
		var refused *refusal
		if limit, refused = limitOf(query); refused != nil {
			return 0, nil, refused
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.selected(f, "id asc")
	out := make([]byte, 0, len(exported)+160*len(found))
	out = append(out, exported...)
	for _, m := range found[:min(limit, len(found))] {
		out = appendRow(append(out, "\r\n"...), m)
	}
	name := "members." + s.opts.Now().UTC().Format("2006-01-02") + ".csv"
	return http.StatusOK, text{contentType: "text/csv; charset=utf-8", fileName: name, body: out}, nil
}

func appendRow(b []byte, m *Member) []byte {
	tiers := make([]string, len(m.Tiers))
	for i, g := range m.Tiers {
		tiers[i] = g.Tier
	}
	comped := ""
	if m.Status == "comped" {
		comped = "true"
	}
	for i, value := range [...]string{
		m.ID, m.Email, m.Name, m.Note, strconv.FormatBool(len(m.Newsletters) > 0), comped,
		"", iso(m.CreatedAt), "", strings.Join(m.Labels, ","), strings.Join(tiers, ","), "",
	} {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendField(b, value)
	}
	return b
}

// appendField quotes what papaparse quotes.
func appendField(b []byte, value string) []byte {
	if !strings.ContainsAny(value, ",\"\r\n") && !strings.HasPrefix(value, " ") && !strings.HasSuffix(value, " ") {
		return append(b, value...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(value, `"`, `""`)...)
	return append(b, '"')
}
