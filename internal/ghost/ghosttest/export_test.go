package ghosttest_test

import (
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// export reads GET /members/upload/ as text.
func export(t *testing.T, s *ghosttest.Server, query string) (header http.Header, body string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.URL()+"/ghost/api/admin/members/upload/?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", good(t))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	return resp.Header, string(raw)
}

// TestAnExportIsWrittenAsGhostWritesIt imports the members of a captured export
// and exports them again: the bytes behind the ids have to be the same.
func TestAnExportIsWrittenAsGhostWritesIt(t *testing.T) {
	t.Parallel()
	captured, err := os.ReadFile("../testdata/admin-api/members-export.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(captured))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := ghosttest.Run(t, ghosttest.Options{})
	for _, row := range rows[1:] {
		created, err := time.Parse(time.RFC3339, row[7])
		if err != nil {
			t.Fatal(err)
		}
		m := ghosttest.Member{Email: row[1], Name: row[2], Note: row[3], Newsletters: []string{}, CreatedAt: created}
		if row[4] == "true" {
			m.Newsletters = nil
		}
		if row[5] == "true" {
			m.Status = "comped"
		}
		if row[9] != "" {
			m.Labels = []string{row[9]} // which label a comma parts, the export does not tell
		}
		if row[10] != "" {
			m.Status, m.Tiers = "free", []ghosttest.Grant{{Tier: row[10]}}
		}
		if s.Import([]ghosttest.Member{m}) != 1 {
			t.Fatalf("%s was not taken", m.Email)
		}
	}
	header, got := export(t, s, "limit=all")
	for i, m := range s.Members() {
		got = strings.Replace(got, m.ID, rows[1+i][0], 1)
	}
	if diff := cmp.Diff(string(captured), got); diff != "" {
		t.Error(diff)
	}
	if kind := header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
		t.Errorf("Content-Type %q", kind)
	}
}

func TestAnExportTakesAFilterAndALimit(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	for i := range 120 {
		addMembers(t, s, strings.Repeat("x", i+1)+"@example.com")
	}
	last := s.Members()[118].ID
	for query, want := range map[string]int{
		"limit=all": 120, "": 15, "limit=500": 100, "limit=7": 7, "limit=all&filter=id:%3E%27" + last + "%27": 1,
	} {
		if _, body := export(t, s, query); strings.Count(body, "\r\n") != want {
			t.Errorf("%s: %d rows, want %d", query, strings.Count(body, "\r\n"), want)
		}
	}
	if a := send(t, s, "GET", "/members/upload/?limit=all", "", ""); a.status != http.StatusForbidden {
		t.Errorf("without a key: status %d", a.status)
	}
	if a := get(t, s, "/members/upload/?limit=all&filter=nonsense"); a.status != http.StatusBadRequest {
		t.Errorf("a filter that is none: status %d", a.status)
	}
}

func TestMembersAreChosenByTheirIDs(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	all := addMembers(t, s, "a@example.com", "b@example.com", "c@example.com")
	ids := func(a answer) (out []string) {
		for _, m := range a.members(t) {
			out = append(out, m["id"].(string))
		}
		return out
	}
	list := "%27" + all[2].ID + "%27,%27" + all[0].ID + "%27,%27" + all[0].ID + "%27,%270123456789abcdef01234567%27"
	for query, want := range map[string][]string{
		"order=id%20asc&filter=id:[" + list + "]":                             {all[0].ID, all[2].ID},
		"filter=id:[" + list + "]":                                            {all[2].ID, all[0].ID},
		"filter=id:[" + list + "]%2Bemail:%27a@example.com%27":                {all[0].ID},
		"order=id%20asc&filter=id:-[" + list + "]":                            {all[1].ID},
		"order=id%20asc&filter=email:%27a@example.com%27,id:" + all[1].ID:     {all[0].ID, all[1].ID},
		"order=id%20asc&filter=id:%3E%27" + all[1].ID + "%27":                 {all[2].ID},
		"order=id%20asc&filter=id:%3E%27" + all[0].ID[:23] + "%27%2Bname:nil": nil,
	} {
		if got := ids(get(t, s, "/members/?"+query)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestAnAnswerIsCutWhereAFaultSays(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	addMembers(t, s, "a@example.com")
	s.FailNext(ghosttest.Fault{CutAfter: 50})
	req, err := http.NewRequest(http.MethodGet, s.URL()+"/ghost/api/admin/members/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", good(t))
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if len(got) != 50 || err == nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%d bytes with status %d, %v", len(got), resp.StatusCode, err)
	}
	if a := get(t, s, "/members/"); a.status != http.StatusOK {
		t.Errorf("after that: status %d", a.status)
	}
}
