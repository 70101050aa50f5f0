package ghosttest_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
)

func bulkQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"bulk: nobody is told":      (*contract).bulkIsSilent,
		"bulk: a label's own life":  (*contract).labelsOwnLife,
		"bulk: an import of a CSV":  (*contract).imported,
		"bulk: what is refused":     (*contract).refusedBulk,
		"bulk: an import is silent": (*contract).importIsSilent,
	}
}

// label finds or makes a label by its name, and returns its id.
func (c *contract) label(name string) string {
	c.Helper()
	c.ask(call{method: http.MethodPost, path: "labels/", body: map[string]any{"labels": []any{fields{"name": name}}}})
	rows, _ := c.ask(call{method: http.MethodGet, path: "labels/?limit=100&filter=" + url.QueryEscape("name:'"+name+"'")}).body["labels"].([]any)
	if len(rows) != 1 {
		c.Fatalf("%d labels have one name", len(rows))
	}
	return texts(rows, "id")[0]
}

func (c *contract) bulk(filter string, action fields) answer {
	c.Helper()
	return c.ask(call{method: http.MethodPut, path: "members/bulk/?filter=" + url.QueryEscape(filter), body: map[string]any{"bulk": action}})
}

func (c *contract) bulkLabel(name, filter string) {
	c.Helper()
	a := c.bulk(filter, fields{"action": "addLabel", "meta": fields{"label": fields{"id": c.label(name)}}})
	if a.status != http.StatusOK {
		c.Fatalf("a label for many was answered %d %v", a.status, a.body)
	}
}

func (c *contract) bulkIsSilent() {
	l := c.listen()
	a, b := c.add(fields{}), c.add(fields{})
	l.told(2)
	filter := "id:['" + a["id"].(string) + "','" + b["id"].(string) + "']"
	c.bulkLabel("Many "+c.run, filter)
	if got := c.read(a); !slices.Equal(texts(got["labels"], "name"), []string{"Many " + c.run}) || got["updated_at"] != a["updated_at"] {
		c.Errorf("labels %v, updated_at %v", texts(got["labels"], "name"), got["updated_at"])
	}
	id := c.label("Many " + c.run)
	c.bulk(filter, fields{"action": "removeLabel", "meta": fields{"label": fields{"id": id}}})
	c.bulk(filter, fields{"action": "unsubscribe"})
	if got := c.read(b); len(texts(got["labels"], "name")) != 0 || got["subscribed"] != false {
		c.Errorf("labels %v, subscribed %v", texts(got["labels"], "name"), got["subscribed"])
	}
	gone := c.ask(call{method: http.MethodDelete, path: "members/?filter=" + url.QueryEscape(filter)})
	if gone.status != http.StatusOK || c.ask(call{method: http.MethodGet, path: path(a)}).status != http.StatusNotFound {
		c.Errorf("a delete of two was answered %d %v", gone.status, gone.body)
	}
	if told := l.told(0); len(told) != 0 {
		c.Errorf("%d webhooks, the first: %s", len(told), told[0].line())
	}
}

// labelsOwnLife: renamed and deleted, a label tells nobody.
func (c *contract) labelsOwnLife() {
	l := c.listen()
	m := c.add(fields{"labels": []any{fields{"name": "Old " + c.run}}})
	l.told(1)
	id := texts(m["labels"], "id")[0]
	a := c.ask(call{method: http.MethodPut, path: "labels/" + id + "/", body: map[string]any{"labels": []any{fields{"name": "New " + c.run}}}})
	got := c.read(m)
	if a.status != http.StatusOK || !slices.Equal(texts(got["labels"], "name"), []string{"New " + c.run}) || !slices.Equal(texts(got["labels"], "id"), []string{id}) {
		c.Errorf("renamed: %d, labels %v", a.status, got["labels"])
	}
	if !slices.Equal(texts(got["labels"], "slug"), texts(m["labels"], "slug")) || got["updated_at"] != m["updated_at"] {
		c.Errorf("renamed: slug %v, updated_at %v", texts(got["labels"], "slug"), got["updated_at"])
	}
	if a := c.ask(call{method: http.MethodDelete, path: "labels/" + id + "/"}); a.status != http.StatusNoContent || len(texts(c.read(m)["labels"], "id")) != 0 {
		c.Errorf("deleted: %d, labels %v", a.status, c.read(m)["labels"])
	}
	if told := l.told(0); len(told) != 0 {
		c.Errorf("%d webhooks, the first: %s", len(told), told[0].line())
	}
}

// csvForm is the form with which a person imports members.
func csvForm(c *contract, content string) *form {
	c.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	file, err := w.CreateFormFile("membersfile", "members.csv")
	if err == nil {
		_, err = file.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		c.Fatal(err)
	}
	return &form{contentType: w.FormDataContentType(), content: b.Bytes()}
}

func (c *contract) imports(content string) answer {
	c.Helper()
	return c.ask(call{method: http.MethodPost, path: "members/upload/", body: csvForm(c, content)})
}

func (c *contract) imported() {
	there := c.add(fields{"name": "There", "labels": []any{fields{"name": "Kept " + c.run}}})
	c.nextSecond()
	a := c.imports("email,name,labels,subscribed_to_emails,created_at\n" +
		c.email("new") + ",New Person,\"Imported " + c.run + "\",true,2024-02-03T04:05:06.000Z\n" +
		c.email("off") + ",,,false,\n" +
		there["email"].(string) + ",Another,\"Imported " + c.run + "\",,\n")
	meta, _ := a.body["meta"].(map[string]any)
	stats, _ := meta["stats"].(map[string]any)
	if a.status != http.StatusCreated || stats["imported"] != 3.0 {
		c.Fatalf("%d %v", a.status, a.body)
	}
	member := func(email string) map[string]any { return c.browse("email:'"+email+"'", "").members(c.T)[0] }
	if m := member(c.email("new")); m["name"] != "New Person" || m["created_at"] != "2024-02-03T04:05:06.000Z" || m["subscribed"] != true ||
		texts(m["labels"], "name")[0] != "Imported "+c.run {
		c.Errorf("who is new: %v", m)
	}
	if m := member(c.email("off")); m["subscribed"] != false {
		c.Errorf("who wants no mail: %v", m["newsletters"])
	}
	m := member(there["email"].(string))
	if !slices.Contains(texts(m["labels"], "name"), "Kept "+c.run) || !slices.Contains(texts(m["labels"], "name"), "Imported "+c.run) || m["name"] != "Another" {
		c.Errorf("who was there: %v, labels %v", m["name"], texts(m["labels"], "name"))
	}
}

func (c *contract) importIsSilent() {
	l := c.listen()
	there := c.add(fields{})
	l.told(1)
	c.imports("email,name\n" + c.email("silent") + ",Silent\n" + there["email"].(string) + ",Renamed\n")
	if told := l.told(0); len(told) != 0 {
		c.Errorf("%d webhooks, the first: %s", len(told), told[0].line())
	}
}

func (c *contract) refusedBulk() {
	c.crowd(1)
	if a := c.ask(call{method: http.MethodDelete, path: "members/"}); a.status/100 != 4 {
		c.Errorf("a delete of all, unasked: %d", a.status)
	}
	if a := c.bulk("nocolumn:x", fields{"action": "unsubscribe"}); a.status != http.StatusInternalServerError {
		c.Errorf("a filter of no column: %d", a.status)
	}
	if a := c.bulk(c.mine(), fields{"action": "nonsense"}); a.status/100 != 4 {
		c.Errorf("an action of no meaning: %d", a.status)
	}
}
