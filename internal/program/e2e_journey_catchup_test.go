//go:build e2e

package program_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestJourney3WhatNoWebhookTells is caught up by the schedule alone.
func TestJourney3WhatNoWebhookTells(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t, "RECONCILE_INTERVAL=1m")
	v.opens()
	v.ghost.imports(v.rows(600))
	v.agree("an import of 600 by CSV")
	if n := strings.Count(v.log.String(), `"msg":"webhook.accepted"`); n != 0 {
		t.Errorf("%d webhooks told of an import", n)
	}
	vip := v.ghost.label("Imported", "Imported & Renamed")
	v.ghost.bulk("email:~'row1'", map[string]any{"action": "addLabel", "meta": map[string]any{"label": map[string]any{"id": v.ghost.label("Bulk", "")}}})
	v.ghost.bulk("email:~'row2'", map[string]any{"action": "unsubscribe"})
	v.ghost.ask(http.MethodDelete, "members/?filter="+url.QueryEscape("email:~'row59'"), nil, nil)
	v.agree("a label renamed, one for many, newsletters off for many, and 11 deleted")
	if n := strings.Count(v.log.String(), `"msg":"webhook.accepted"`); n != 0 {
		t.Errorf("%d webhooks told of it", n)
	}
	if len(v.ghost.everybody()) != 589 || vip == "" {
		t.Errorf("Ghost has %d members", len(v.ghost.everybody()))
	}
	v.clean()
}

// rows is a CSV of so many members.
func (v *visit) rows(n int) string {
	var b strings.Builder
	b.WriteString("email,name,labels,created_at\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,Person %d,Imported,2024-01-02T03:04:05.000Z\n", v.email(fmt.Sprintf("row%d", i)), i)
	}
	return b.String()
}

// imports sends a CSV as a person does, and waits until Ghost is done with it: over
// 500 rows it goes on in the background.
func (g *realGhost) imports(rows string) {
	g.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	file, err := w.CreateFormFile("membersfile", "members.csv")
	if err == nil {
		_, err = io.WriteString(file, rows)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.url+"/ghost/api/admin/members/upload/", &b)
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Authorization", "Ghost "+g.token())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		g.t.Fatalf("an import was answered %s", resp.Status)
	}
	began, want := time.Now(), strings.Count(rows, "\n")-1
	for deadline := time.Now().Add(10 * time.Minute); g.count() < want; time.Sleep(500 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("Ghost has %d members of an import of %d", g.count(), want)
		}
	}
	g.t.Logf("Ghost took %v for an import of %d", time.Since(began).Round(10*time.Millisecond), want)
}

// count is how many members there are.
func (g *realGhost) count() int {
	g.t.Helper()
	var said struct {
		Meta struct{ Pagination struct{ Total int } }
	}
	g.ask(http.MethodGet, "members/?limit=1", nil, &said)
	return said.Meta.Pagination.Total
}

// label finds or makes a label, gives it another name if there is one, and returns
// its id.
func (g *realGhost) label(name, rename string) string {
	g.t.Helper()
	var said struct{ Labels []struct{ ID, Name string } }
	g.call(http.MethodPost, "labels/", map[string]any{"labels": []any{map[string]any{"name": name}}})
	g.ask(http.MethodGet, "labels/?limit=100&filter="+url.QueryEscape("name:'"+name+"'"), nil, &said)
	if len(said.Labels) != 1 {
		g.t.Fatalf("%d labels are called %s", len(said.Labels), name)
	}
	if rename != "" {
		g.ask(http.MethodPut, "labels/"+said.Labels[0].ID+"/", map[string]any{"labels": []any{map[string]any{"name": rename}}}, nil)
	}
	return said.Labels[0].ID
}

func (g *realGhost) bulk(filter string, action map[string]any) {
	g.t.Helper()
	g.ask(http.MethodPut, "members/bulk/?filter="+url.QueryEscape(filter), map[string]any{"bulk": action}, nil)
}
