package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// The data types of custom fields that facts need.
const (
	typeText = "Text"
	typeDate = "Date"
)

// wanted is a custom field that the list should have.
type wanted struct{ name, dataType string }

func (w wanted) String() string { return fmt.Sprintf("%s (%s)", w.name, w.dataType) }

// isDate says whether a fact is a time. A Date field is made for it; one that an
// operator made as Text takes the whole timestamp.
func isDate(fact member.Fact) bool {
	return fact == member.FactSignupDate || fact == member.FactLastUpdated || fact == member.FactStatusChangedAt
}

// isOptional facts are written where the list has a field for them.
func isOptional(fact member.Fact) bool {
	return fact == member.FactTiers || fact == member.FactNewsletters
}

// compareFields finds the fields that the list lacks, and those that it has with
// a type that cannot hold the fact; both in the order of their names.
func (s Site) compareFields(has []campaignmonitor.CustomField) (missing []wanted, wrong []string) {
	types := map[string]string{}
	for _, f := range has {
		types[campaignmonitor.NormalizeKey(f.Key)] = f.DataType
	}
	for _, fact := range slices.Sorted(maps.Keys(s.Fields)) {
		field := wanted{s.Fields[fact], typeText}
		if isDate(fact) {
			field.dataType = typeDate
		}
		actual, exists := types[campaignmonitor.NormalizeKey(field.name)]
		switch {
		case exists && actual != typeText && actual != field.dataType:
			wrong = append(wrong, fmt.Sprintf("%s is %s, not %s", field.name, actual, field.dataType))
		case !exists && (!isOptional(fact) || slices.Contains(s.Chosen, fact)):
			missing = append(missing, field)
		}
	}
	return missing, wrong
}

func (p *patient) listFields() verdict {
	has, err := p.fields()
	if err != nil {
		return notChecked(noList)
	}
	missing, wrong := p.compareFields(has)
	var details, remedies []string
	if len(missing) > 0 {
		texts := make([]string, len(missing))
		for i, m := range missing {
			texts[i] = m.String()
		}
		details = append(details, "missing: "+strings.Join(texts, ", "))
		remedies = append(remedies, p.fix())
	}
	if len(wrong) > 0 {
		details = append(details, "of a type that cannot hold the value: "+strings.Join(wrong, ", "))
		remedies = append(remedies, "in Campaign Monitor, delete or rename those of a wrong type, then "+p.fix()+
			"; or give the facts other fields in the config file (fields:)")
	}
	if len(details) > 0 {
		return fail(strings.Join(remedies, "; "), "%s", strings.Join(details, "; "))
	}
	return ok("all %d are there", len(p.Fields)-p.unused(has))
}

// unused counts the optional facts without a field.
func (p *patient) unused(has []campaignmonitor.CustomField) (n int) {
	there := map[string]bool{}
	for _, f := range has {
		there[campaignmonitor.NormalizeKey(f.Key)] = true
	}
	for _, name := range p.Fields {
		if !there[campaignmonitor.NormalizeKey(name)] {
			n++
		}
	}
	return n
}
