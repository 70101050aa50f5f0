package config

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/ghostcm/ghostcm/internal/member"
)

// fields lays the site's mapping over the mapping of all sites over the
// defaults. An empty name switches the fact off.
func (r reader) fields(file fileContent, n int) map[member.Fact]string {
	fields := defaultFields()
	r.overlay(fields, "fields", file.fields)
	r.overlay(fields, r.key("FIELDS"), file.siteFields[n])
	maps.DeleteFunc(fields, func(_ member.Fact, field string) bool { return field == "" })

	taken := map[string]member.Fact{}
	for _, fact := range facts() {
		field := strings.ToLower(fields[fact])
		if other, twice := taken[field]; twice && field != "" {
			r.problem("FIELDS", "puts "+string(other)+" and "+string(fact)+" into one custom field", "give each a field of its own")
		}
		taken[field] = fact
	}
	return fields
}

// chosenFields are the facts that the mapping of the site, or of all sites, gives
// a field. What is wrong with them is told by fields.
func chosenFields(file fileContent, n int) (chosen []member.Fact) {
	for _, fact := range facts() {
		name, ofSite := file.siteFields[n][string(fact)]
		if !ofSite {
			name = file.fields[string(fact)]
		}
		if text, isText := name.(string); isText && strings.TrimSpace(text) != "" {
			chosen = append(chosen, fact)
		}
	}
	return chosen
}

func (r reader) overlay(fields map[member.Fact]string, where string, mapping map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(mapping)) {
		field, isText := mapping[key].(string)
		field = strings.TrimSpace(field)
		switch fact := member.Fact(key); {
		case !slices.Contains(facts(), fact):
			r.findings.problem(where, "maps "+quote(key)+", which is nothing that ghostcm knows of a member", "use "+factNames())
		case !isText && mapping[key] != nil, !isFieldName(field):
			r.findings.problem(where, "maps "+quote(key)+" to what is no field name",
				`write a name of at most 100 characters in quotes, or "" to switch it off`)
		default:
			fields[fact] = field
		}
	}
}

// isFieldName keeps out what Campaign Monitor's merge tags could not spell.
func isFieldName(s string) bool {
	return len(s) <= 100 && !strings.ContainsAny(s, "[]") && !strings.ContainsFunc(s, unicode.IsControl)
}

func factNames() string {
	names := make([]string, 0, len(facts()))
	for _, fact := range facts() {
		names = append(names, string(fact))
	}
	return strings.Join(names, ", ")
}
