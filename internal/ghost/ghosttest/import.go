package ghosttest

import (
	"encoding/csv"
	"net/http"
	"strings"
	"time"
)

// importCSV is POST /members/upload/: the form with which a person imports members.
// Ghost does up to 500 rows at once, as this does with all. It matches members by
// address, adds labels, and tells nobody.
func (s *Server) importCSV(r *http.Request, _ string) (int, any, *refusal) {
	file, _, err := r.FormFile("membersfile")
	if err != nil {
		return 0, nil, invalid("upload", "Please select a members CSV file.", "")
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) == 0 {
		return 0, nil, invalid("upload", "The file cannot be read.", "")
	}
	label := "Import " + s.opts.Now().UTC().Format("2006-01-02 15:04")
	records := make([]Member, 0, len(rows))
	for _, row := range rows[1:] {
		m := recordOf(rows[0], row)
		m.Labels = append(m.Labels, label)
		records = append(records, m)
	}
	taken := s.Import(records)
	return http.StatusCreated, object{{"meta", object{
		{"stats", object{{"imported", taken}, {"invalid", []object{}}}}, {"import_label", object{{"name", label}}},
	}}}, nil
}

// recordOf reads the columns that concern what ghostcm does.
func recordOf(columns, row []string) Member {
	var m Member
	for i, name := range columns {
		if i >= len(row) || row[i] == "" {
			continue
		}
		switch value := row[i]; name {
		case "email":
			m.Email = value
		case "name":
			m.Name = value
		case "note":
			m.Note = value
		case "labels":
			m.Labels = strings.Split(value, ",")
		case "subscribed_to_emails":
			if value == "false" {
				m.Newsletters = []string{}
			}
		case "created_at":
			m.CreatedAt, _ = time.Parse(time.RFC3339Nano, value)
		}
	}
	return m
}
