package ghosttest_test

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

func writeQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"write: what is refused":         (*contract).refusedWrites,
		"write: what is ignored":         (*contract).ignoredWrites,
		"write: names and notes":         (*contract).namesAndNotes,
		"write: labels replace":          (*contract).labelsReplace,
		"write: labels are told apart":   (*contract).labelsAreToldApart,
		"write: newsletters":             (*contract).newsletters,
		"write: what moves updated_at":   (*contract).movesUpdatedAt,
		"write: a deleted member":        (*contract).deletedMember,
		"write: long names are refused":  (*contract).longNames,
		"write: addresses keep the case": (*contract).addressesKeepTheirCase,
	}
}

func invalidMember(verb, context string) refusal {
	return refusal{Status: http.StatusUnprocessableEntity, Type: "ValidationError", Message: "Validation error, cannot " + verb + " member.", Context: context}
}

func (c *contract) refusedWrites() {
	first, second := c.add(fields{}), c.add(fields{})
	post := func(body any) call { return call{method: http.MethodPost, path: "members/", body: body} }
	c.refuses(post(map[string]any{}), refusal{
		Status: http.StatusBadRequest, Type: "BadRequestError", Message: "Request not understood error, cannot save member.", Context: "No root key ('members') provided.",
	})
	c.refuses(post(one(fields{"name": "no address"})), invalidMember("save", `Validation (FieldIsRequired) failed for ["email"]`))
	two := map[string]any{"members": []any{fields{"email": c.email("x")}, fields{"email": c.email("y")}}}
	c.refuses(post(two), invalidMember("save", "Validation failed for members."))
	c.refuses(post(one(fields{"email": "no address at all"})), invalidMember("save", "Invalid Email"))
	taken := one(fields{"email": second["email"]})
	c.refuses(post(taken), invalidMember("save", "Member already exists. Attempting to add member with existing email address"))
	c.refuses(call{method: http.MethodPut, path: path(first), body: taken},
		invalidMember("edit", "Member already exists. Attempting to edit member with existing email address"))
	noRoot := refusal{
		Status: http.StatusBadRequest, Type: "BadRequestError", Message: "Request not understood error, cannot edit member.", Context: "No root key ('members') provided.",
	}
	c.refuses(call{method: http.MethodPut, path: path(first), body: one(fields{})}, noRoot)
	c.refuses(call{method: http.MethodPut, path: path(first), body: one(fields{"name": nil})}, invalidMember("edit", "Validation failed for name."))
}

func (c *contract) ignoredWrites() {
	m := c.add(fields{"id": "0123456789abcdef01234567", "uuid": "e3f9b5a0-0000-4000-8000-000000000000", "status": "paid"})
	if m["id"] == "0123456789abcdef01234567" || m["uuid"] == "e3f9b5a0-0000-4000-8000-000000000000" || m["status"] != "free" {
		c.Errorf("a new member has id %v, uuid %v, status %v", m["id"], m["uuid"], m["status"])
	}
	edited := c.edit(m, fields{"status": "comped", "updated_at": "2001-01-01T00:00:00.000Z", "nonsense": 1, "uuid": "x", "subscriptions": []any{}})
	for _, k := range []string{"status", "updated_at", "uuid", "id", "email"} {
		if edited[k] != m[k] {
			c.Errorf("%s became %v", k, edited[k])
		}
	}
}

func (c *contract) namesAndNotes() {
	m := c.add(fields{"name": "Ünï 🎉 <b>"})
	if m["name"] != "Ünï 🎉 <b>" {
		c.Errorf("the name is %q", m["name"])
	}
	if got := c.edit(m, fields{"name": "", "note": ""}); got["name"] != nil || got["note"] != nil {
		c.Errorf("empty became %v, %v", got["name"], got["note"])
	}
	if got := c.add(fields{}); got["name"] != nil || got["note"] != nil {
		c.Errorf("not given is %v, %v", got["name"], got["note"])
	}
}

func (c *contract) labelsReplace() {
	label := func(name string) fields { return fields{"name": name + c.run} }
	m := c.add(fields{"labels": []any{label("B"), label("A")}})
	if got, want := texts(m["labels"], "name"), []string{"B" + c.run, "A" + c.run}; !slices.Equal(got, want) {
		c.Errorf("labels of a new member are %v, want %v", got, want)
	}
	ids := texts(m["labels"], "id")
	got := texts(c.edit(m, fields{"labels": []any{fields{"id": ids[1], "name": "A" + c.run}, label("C")}})["labels"], "name")
	if want := []string{"A" + c.run, "C" + c.run}; !slices.Equal(got, want) {
		c.Errorf("labels are %v, want %v", got, want)
	}
	byID := c.edit(c.add(fields{"labels": []any{label("B")}}), fields{"labels": []any{fields{"id": ids[1]}, label("C")}})
	if got, want := texts(byID["labels"], "name"), []string{"C" + c.run}; !slices.Equal(got, want) {
		c.Errorf("labels are %v, want %v: an id alone names none", got, want)
	}
	if got := texts(c.read(m)["labels"], "name"); len(got) != 2 {
		c.Errorf("labels are %v when they are read again", got)
	}
	if got := texts(c.edit(m, fields{"labels": []any{}})["labels"], "name"); len(got) != 0 {
		c.Errorf("labels are %v after all were taken", got)
	}
}

func (c *contract) labelsAreToldApart() {
	label := func(name string) fields { return fields{"name": name} }
	m := c.add(fields{"labels": []any{label("  Gold " + c.run + "  "), label("gold " + c.run), label(""), label("Gold, " + c.run)}})
	names, slugs := texts(m["labels"], "name"), texts(m["labels"], "slug")
	if diff := cmp.Diff([]string{"Gold " + c.run, "Gold, " + c.run}, names); diff != "" {
		c.Error(diff)
	}
	if diff := cmp.Diff([]string{"gold-" + c.run, "gold-" + c.run + "-2"}, slugs); diff != "" {
		c.Error(diff)
	}
}

func (c *contract) newsletters() {
	m := c.add(fields{})
	all := m["newsletters"].([]any)
	off := c.edit(m, fields{"newsletters": []any{}})
	if len(all) != 1 || off["subscribed"] != false || len(off["newsletters"].([]any)) != 0 {
		c.Errorf("%d newsletters, then subscribed is %v with %v", len(all), off["subscribed"], off["newsletters"])
	}
	on := c.edit(m, fields{"newsletters": []any{fields{"id": texts(all, "id")[0]}}})
	if on["subscribed"] != true || !slices.Equal(texts(on["newsletters"], "name"), texts(all, "name")) {
		c.Errorf("on again: %v", on["newsletters"])
	}
	if never := c.add(fields{"newsletters": []any{}}); never["subscribed"] != false {
		c.Error("a new member without newsletters has some")
	}
	if by := c.edit(m, fields{"subscribed": false}); len(by["newsletters"].([]any)) != 0 {
		c.Errorf("subscribed=false left %v", by["newsletters"])
	}
	if by := c.edit(m, fields{"subscribed": true}); len(by["newsletters"].([]any)) != 1 {
		c.Errorf("subscribed=true brought %v", by["newsletters"])
	}
}

func (c *contract) movesUpdatedAt() {
	for name, tt := range map[string]struct {
		change fields
		moves  bool
	}{
		"a name":         {fields{"name": "Moved"}, true},
		"an address":     {fields{"email": c.email("moved")}, true},
		"a note":         {fields{"note": "moved"}, true},
		"labels":         {fields{"labels": []any{fields{"name": "L" + c.run}}}, false},
		"newsletters":    {fields{"newsletters": []any{}}, false},
		"nothing at all": {fields{"name": "Before"}, false},
	} {
		m := c.add(fields{"name": "Before"})
		c.nextSecond()
		if got := c.edit(m, tt.change); (got["updated_at"] != m["updated_at"]) != tt.moves {
			c.Errorf("%s: updated_at went from %v to %v", name, m["updated_at"], got["updated_at"])
		}
	}
}

func (c *contract) deletedMember() {
	m := c.add(fields{})
	if a := c.ask(call{method: http.MethodDelete, path: path(m)}); a.status != http.StatusNoContent {
		c.Errorf("a delete: %d", a.status)
	}
	// Ghost on MariaDB was seen to show a member for a moment after that.
	c.until("a deleted member is still there", func() bool { return c.ask(call{method: http.MethodGet, path: path(m)}).status == http.StatusNotFound })
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		if a := c.ask(call{method: method, path: path(m), body: one(fields{"name": "x"})}); a.status != http.StatusNotFound {
			c.Errorf("%s of a deleted member: %d", method, a.status)
		}
	}
	if again := c.add(fields{"email": m["email"]}); again["id"] == m["id"] || again["uuid"] == m["uuid"] {
		c.Error("whoever joins again has the old id")
	}
}

func (c *contract) longNames() {
	m := c.add(fields{"name": strings.Repeat("é", 191), "note": strings.Repeat("x", 2000)})
	for name, tt := range map[string]struct {
		change  fields
		context string
	}{
		"a name": {fields{"name": strings.Repeat("é", 192)}, "Validation failed for name."},
		"a note": {fields{"note": strings.Repeat("x", 2001)}, "Validation failed for note."},
	} {
		if a := c.ask(call{method: http.MethodPut, path: path(m), body: one(tt.change)}); a.status != http.StatusUnprocessableEntity || a.refusal().Context != tt.context {
			c.Errorf("%s: %+v", name, a.refusal())
		}
	}
}

func (c *contract) addressesKeepTheirCase() {
	m := c.add(fields{"email": c.email("Big.Letters")})
	if m["email"] != c.email("Big.Letters") {
		c.Errorf("the address became %v", m["email"])
	}
	if got := c.edit(m, fields{"email": c.email("big.letters")}); got["email"] != c.email("big.letters") {
		c.Errorf("another case of the own address: %v", got["email"])
	}
}
