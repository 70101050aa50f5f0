package ghosttest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func readQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"read: one member":             (*contract).oneMember,
		"read: nobody":                 (*contract).nobody,
		"read: what a list shows":      (*contract).shownInAList,
		"read: pages and limits":       (*contract).pagesAndLimits,
		"read: a walk by id":           (*contract).walkByID,
		"read: long answers are short": (*contract).compressed,
		"read: the export":             (*contract).exported,
	}
}

// memberKeys are those of a member that is read alone.
func memberKeys() []string {
	return strings.Fields("attribution avatar_image can_comment commenting comped created_at current_subscription email email_count " +
		"email_open_rate email_opened_count email_suppression enable_comment_notifications enable_updates_and_announcements geolocation id labels " +
		"last_seen_at name newsletters note status subscribed subscriptions tiers unsubscribe_url updated_at uuid")
}

func (c *contract) oneMember() {
	m := c.read(c.add(fields{"name": "One", "note": "A note", "labels": []any{fields{"name": "Vip"}}}))
	if diff := cmp.Diff(memberKeys(), keys(m)); diff != "" {
		c.Error(diff)
	}
	plain := map[string]any{}
	for _, k := range []string{"name", "note", "status", "comped", "subscribed", "geolocation", "last_seen_at", "email_count", "email_open_rate", "email_suppression"} {
		plain[k] = m[k]
	}
	want := map[string]any{
		"name": "One", "note": "A note", "status": "free", "comped": false, "subscribed": true, "geolocation": nil, "last_seen_at": nil,
		"email_count": 0.0, "email_open_rate": nil, "email_suppression": map[string]any{"suppressed": false, "info": nil},
	}
	if diff := cmp.Diff(want, plain); diff != "" {
		c.Error(diff)
	}
	labels, _ := m["labels"].([]any)
	label, _ := labels[0].(map[string]any)
	if diff := cmp.Diff([]string{"created_at", "id", "name", "slug", "updated_at"}, keys(label)); diff != "" || label["slug"] != "vip" {
		c.Error(diff, label)
	}
	newsletters, _ := m["newsletters"].([]any)
	if diff := cmp.Diff([]string{"description", "id", "name", "status"}, keys(newsletters[0])); diff != "" {
		c.Error(diff)
	}
}

func (c *contract) nobody() {
	const nobody = "members/0123456789abcdef01234567/"
	missing := func(verb, context string) refusal {
		return refusal{Status: http.StatusNotFound, Type: "NotFoundError", Message: "Resource not found error, cannot " + verb + " member.", Context: context}
	}
	c.refuses(call{method: http.MethodGet, path: nobody}, missing("read", "Member not found."))
	c.refuses(call{method: http.MethodPut, path: nobody, body: one(fields{"name": "x"})}, missing("edit", "Could not find Member 0123456789abcdef01234567"))
	c.refuses(call{method: http.MethodDelete, path: nobody}, missing("delete", "Resource could not be found."))
	c.refuses(call{method: http.MethodGet, path: "members/not-an-id/"}, refusal{
		Status: http.StatusUnprocessableEntity, Type: "ValidationError", Message: "Validation error, cannot read member.",
		Context: "Validation (matches) failed for id undefined.id",
	})
}

func (c *contract) shownInAList() {
	m := c.add(fields{"name": "Listed"})
	without := slices.DeleteFunc(memberKeys(), func(k string) bool { return k == "attribution" || k == "tiers" })
	byEmail := "email:'" + m["email"].(string) + "'"
	if diff := cmp.Diff(without, keys(c.browse(byEmail, "").members(c.T)[0])); diff != "" {
		c.Error(diff)
	}
	with := slices.DeleteFunc(memberKeys(), func(k string) bool { return k == "attribution" })
	if diff := cmp.Diff(with, keys(c.browse(byEmail, "include=tiers").members(c.T)[0])); diff != "" {
		c.Error(diff)
	}
	if diff := cmp.Diff(without, keys(c.browse(byEmail, "include=nonsense").members(c.T)[0])); diff != "" {
		c.Error(diff)
	}
}

// crowd makes members whose addresses rise with their ids.
func (c *contract) crowd(n int) []string {
	c.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, c.add(fields{"email": c.email(fmt.Sprintf("c%03d", i))})["id"].(string))
	}
	return ids
}

func (c *contract) pagesAndLimits() {
	ids := c.crowd(17)
	for name, tt := range map[string]struct {
		query                    string
		rows                     int
		limit, page, pages, next any
		prev                     any
	}{
		"no limit":        {"", 15, 15.0, 1.0, 2.0, 2.0, nil},
		"none":            {"limit=0", 15, 15.0, 1.0, 2.0, 2.0, nil},
		"all":             {"limit=all", 17, 100.0, 1.0, 1.0, nil, nil},
		"a word":          {"limit=many", 17, 100.0, 1.0, 1.0, nil, nil},
		"too many":        {"limit=101", 17, 100.0, 1.0, 1.0, nil, nil},
		"the last page":   {"limit=10&page=2", 7, 10.0, 2.0, 2.0, nil, 1.0},
		"behind the last": {"limit=10&page=3", 0, 10.0, 3.0, 2.0, 4.0, 2.0},
		"far behind":      {"limit=10&page=99", 0, 10.0, 99.0, 2.0, 100.0, 98.0},
	} {
		a := c.browse(c.mine(), tt.query)
		meta, _ := a.body["meta"].(map[string]any)
		want := map[string]any{"page": tt.page, "limit": tt.limit, "pages": tt.pages, "total": 17.0, "next": tt.next, "prev": tt.prev}
		if diff := cmp.Diff(want, meta["pagination"]); diff != "" || len(a.members(c.T)) != tt.rows {
			c.Errorf("%s: %d rows, want %d\n%s", name, len(a.members(c.T)), tt.rows, diff)
		}
	}
	if a := c.browse(c.mine(), "limit=-1"); a.status != http.StatusUnprocessableEntity {
		c.Errorf("limit=-1: %d", a.status)
	}
	newest := texts(c.browse(c.mine(), "limit=100").body["members"], "id")
	if slices.Sort(newest); !slices.Equal(newest, ids) {
		c.Error("a page of all is not all")
	}
}

// walkByID is how ghostcm reads all members.
func (c *contract) walkByID() {
	ids, last := c.crowd(7), "000000000000000000000000"
	var walked []string
	for range 4 {
		page := texts(c.browse(c.mine()+"+id:>'"+last+"'", "limit=3&order="+url.QueryEscape("id asc")).body["members"], "id")
		if len(page) == 0 {
			break
		}
		walked, last = append(walked, page...), page[len(page)-1]
	}
	if !slices.Equal(walked, ids) || !slices.IsSorted(ids) {
		c.Errorf("walked %v of %v", walked, ids)
	}
}

func (c *contract) compressed() {
	c.crowd(5)
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, c.url+"/ghost/api/admin/members/?limit=5", http.NoBody)
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Authorization", "Ghost "+c.token(jwt.SigningMethodHS256, nil, nil))
	req.Header.Set("Accept-Encoding", "gzip") // by hand: the transport takes it out again
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Encoding") != "gzip" {
		c.Errorf("Content-Encoding %q", resp.Header.Get("Content-Encoding"))
	}
}

func (c *contract) exported() {
	m := c.add(fields{"name": "Comma, Quote\"", "labels": []any{fields{"name": "Z, comma"}, fields{"name": "Plain"}}, "newsletters": []any{}})
	a := c.ask(call{method: http.MethodGet, path: "members/upload/?limit=all&filter=" + url.QueryEscape("email:'"+m["email"].(string)+"'")})
	rows := strings.Split(a.body["text"].(string), "\r\n")
	if a.status != http.StatusOK || len(rows) != 2 {
		c.Fatalf("%d, %d rows", a.status, len(rows))
	}
	if rows[0] != "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers,gift_id" {
		c.Errorf("columns %s", rows[0])
	}
	want := fmt.Sprintf(`%s,%s,"Comma, Quote""",,false,,,%s,,"Z, comma,Plain",,`, m["id"], m["email"], m["created_at"])
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		c.Error(diff)
	}
	if got := a.header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		c.Errorf("Content-Type %q", got)
	}
}

func filterQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"filter: what it selects":     (*contract).selects,
		"filter: what it refuses":     (*contract).refusedFilters,
		"filter: spellings":           (*contract).spellings,
		"filter: quotes and brackets": (*contract).quoted,
	}
}

func (c *contract) selects() {
	a := c.add(fields{"email": c.email("a"), "name": "Anna", "labels": []any{fields{"name": "Dis, " + c.run}}})
	b := c.add(fields{"email": c.email("b"), "name": "Ben", "newsletters": []any{}})
	ids := func(ms ...map[string]any) []string {
		var out []string
		for _, m := range ms {
			out = append(out, m["id"].(string))
		}
		return out
	}
	email := func(m map[string]any) string { return "'" + m["email"].(string) + "'" }
	for filter, want := range map[string][]string{
		"email:" + email(a):                               ids(a),
		"email:-" + email(a):                              ids(b),
		"id:'" + ids(a)[0] + "'":                          ids(a),
		"id:['" + ids(a)[0] + "','" + ids(b)[0] + "']":    ids(a, b),
		"id:>'" + ids(a)[0] + "'":                         ids(b),
		"id:<='" + ids(a)[0] + "'":                        ids(a),
		"status:free":                                     ids(a, b),
		"status:-free":                                    nil,
		"subscribed:true":                                 ids(a),
		"subscribed:false":                                ids(b),
		"name:~'nn'":                                      ids(a),
		"name:~^'be'":                                     ids(b),
		"name:~$'na'":                                     ids(a),
		"name:-~'nn'":                                     ids(b),
		"label:dis-" + c.run:                              ids(a),
		"labels.name:'Dis, " + c.run + "'":                ids(a),
		"labels.name:-'Dis, " + c.run + "'":               ids(b),
		"email:" + email(a) + "+status:free":              ids(a),
		"email:" + email(a) + "+status:paid":              nil,
		"(email:" + email(a) + ",email:" + email(b) + ")": ids(a, b),
		"password:x":                                      ids(a, b),
		"created_at:>'2020-01-01 00:00:00'":               ids(a, b),
		"created_at:<'2020-01-01 00:00:00'":               nil,
		"email:'x" + c.run + "',email:" + email(b) + "":   ids(b),
	} {
		text := c.mine() + "+" + filter
		if strings.Contains(filter, ",email:") && !strings.HasPrefix(filter, "(") {
			text = filter
		}
		got := c.browse(text, "limit=100&order="+url.QueryEscape("id asc"))
		if diff := cmp.Diff(append([]string{}, want...), texts(got.body["members"], "id")); diff != "" || got.status != http.StatusOK {
			c.Errorf("%s: %d\n%s", filter, got.status, diff)
		}
	}
}

func (c *contract) refusedFilters() {
	c.crowd(1)
	for _, filter := range []string{
		`email:'a"b@example.com'`, "email:''", "email:a+b@example.com", "nocolumn:x", "email:", ":x", "email:'x", "email:['x'",
		`email:'x\'+name:'y'`, "email:x)", "+", "email",
	} {
		if a := c.browse(filter, ""); a.status != http.StatusBadRequest || a.refusal().Type != "BadRequestError" {
			c.Errorf("%s: %+v", filter, a.refusal())
		}
	}
}

// spellings are what a database takes for the same address.
func (c *contract) spellings() {
	m := c.add(fields{"email": c.email("Mixed.Case")})
	for name, tt := range map[string]struct {
		spelling string
		byMaria  bool
	}{
		"small letters": {c.email("mixed.case"), true},
		"an accent":     {c.email("mïxed.case"), true},
		"a space":       {c.email("Mixed.Case") + " ", true},
		"another":       {c.email("other.case"), false},
	} {
		found := len(c.browse("email:'"+tt.spelling+"'", "").members(c.T)) == 1
		if found != (tt.byMaria && c.mariadb) {
			c.Errorf("%s: found %t", name, found)
		}
	}
	a := c.ask(call{method: http.MethodPost, path: "members/", body: one(fields{"email": c.email("mixed.case")})})
	if taken := a.status == http.StatusUnprocessableEntity; taken != c.mariadb {
		c.Errorf("another spelling of %v's address: %d", m["id"], a.status)
	}
}

// quoted are addresses as people have them.
func (c *contract) quoted() {
	escape := strings.NewReplacer(`'`, `\'`, `"`, `\"`)
	for _, local := range []string{"o'brien", "a+b", "jürgen", "a&b=c%d", "a,b", "(a)"} {
		a := c.ask(call{method: http.MethodPost, path: "members/", body: one(fields{"email": c.email(local)})})
		accepted := local != "a,b" && local != "(a)"
		if got := a.status == http.StatusCreated; got != accepted {
			c.Errorf("%s: %d", local, a.status)
			continue
		}
		if !accepted {
			continue
		}
		found := c.browse("email:'"+escape.Replace(c.email(local))+"'", "").members(c.T)
		if len(found) != 1 || found[0]["email"] != c.email(local) {
			c.Errorf("%s: found %d", local, len(found))
		}
	}
	everyone := c.browse("email:'x"+c.run+"',email:-'y"+c.run+"'", "limit=1")
	if len(everyone.members(c.T)) != 1 {
		c.Error("an injection selects nobody")
	}
}
