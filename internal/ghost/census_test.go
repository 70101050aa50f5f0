package ghost_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

const (
	csvHead = "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers,gift_id"
	csvRow  = id + ",a@example.com,A,,true,,,2026-11-22T00:13:52.000Z,,,,"
)

// census collects a census up to its error, or up to its end.
func census(ctx context.Context, c *ghost.Client) (rows []ghost.CensusRow, bad []string, err error) {
	for row, e := range c.Census(ctx) {
		switch {
		case errors.Is(e, ghost.ErrInvalidMember):
			bad = append(bad, row.ID)
		case e != nil:
			err = e
		default:
			rows = append(rows, row)
		}
	}
	return rows, bad, err
}

// exporting is a client of a Ghost that counts total members and exports csv.
func exporting(t *testing.T, total int, csv string) *ghost.Client {
	t.Helper()
	return handled(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/members/") {
			_, _ = fmt.Fprintf(w, `{"members":[],"meta":{"pagination":{"total":%d}}}`, total)
			return
		}
		_, _ = io.WriteString(w, csv)
	})
}

func TestACensusShowsEveryoneAsACapturedExportDoes(t *testing.T) {
	t.Parallel()
	rows, bad, err := census(t.Context(), exporting(t, 23, string(read(t, "testdata/admin-api/members-export.csv"))))
	if err != nil || len(rows) != 23 || len(bad) != 0 {
		t.Fatalf("%d rows, bad %v, %v", len(rows), bad, err)
	}
	want := []ghost.CensusRow{
		{
			ID: "6b0233fda81c3c0187d3487c", Email: "unicode@example.com", Name: "Updated By Import",
			Labels: "Imported,Import 2026-11-22 00:15", Subscribed: member.Some(true),
			CreatedAt: time.Date(2026, 11, 22, 0, 14, 53, 0, time.UTC),
		},
		{
			ID: "6b023400a81c3c0187d34898", Email: `"quoted local"@example.com`, Name: "Q",
			Subscribed: member.Some(true), CreatedAt: time.Date(2026, 11, 22, 0, 14, 56, 0, time.UTC),
		},
		{
			ID: "6b02340fa81c3c0187d349f0", Email: "imp2@example.com", Name: "Imp Two", Labels: "Import 2026-11-22 00:15",
			Tiers: "Test Site", Subscribed: member.Some(false), CreatedAt: time.Date(2026, 11, 22, 0, 15, 11, 0, time.UTC),
		},
	}
	var got []ghost.CensusRow
	digests := map[uint64]bool{}
	for _, row := range rows {
		digests[row.Digest] = true
		row.Digest = 0
		if slices.ContainsFunc(want, func(w ghost.CensusRow) bool { return w.ID == row.ID }) {
			got = append(got, row)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(digests) != len(rows) {
		t.Errorf("%d digests of %d members", len(digests), len(rows))
	}
}

func TestACensusShowsEveryoneOfASite(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2500} {
		s := populated(t, n)
		rows, _, err := census(t.Context(), clientOf(t, s))
		var got []string
		for _, row := range rows {
			got = append(got, row.ID)
		}
		if err != nil || !slices.Equal(got, idsOf(s.Members())) {
			t.Errorf("%d of %d members, %v", len(got), n, err)
		}
	}
}

// TestWhatAnExportShowsIsInTheDigest changes a member in each way, without any
// of which updated_at or a webhook would have to tell.
func TestWhatAnExportShowsIsInTheDigest(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	m := add(t, s, ghosttest.Member{Email: "a@example.com", Name: "A", Labels: []string{"VIP", "x"}})
	c := clientOf(t, s)
	digest := func() uint64 {
		rows, _, err := census(t.Context(), c)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		return rows[0].Digest
	}
	everyone := func(ghosttest.Member) bool { return true }
	edit := func(change func(*ghosttest.Member)) func() {
		return func() {
			if err := s.EditMember(m.ID, change); err != nil {
				t.Fatal(err)
			}
		}
	}
	last := digest()
	if digest() != last {
		t.Fatal("the digest of the same is another")
	}
	for name, change := range map[string]func(){
		"an address":      edit(func(m *ghosttest.Member) { m.Email = "b@example.com" }),
		"a name":          edit(func(m *ghosttest.Member) { m.Name = "B" }),
		"a comp":          edit(func(m *ghosttest.Member) { m.Status = "comped" }),
		"a tier":          edit(func(m *ghosttest.Member) { m.Tiers = []ghosttest.Grant{{Tier: "Test Site"}} }),
		"an added label":  func() { s.BulkLabel("new", everyone) },
		"a removed label": func() { s.BulkUnlabel("VIP", everyone) },
		"a renamed label": func() { s.RenameLabel("x", "y") },
		"newsletters":     func() { s.BulkUnsubscribe(everyone) },
	} {
		change()
		if now := digest(); now == last {
			t.Errorf("%s is not in the digest", name)
		} else {
			last = now
		}
	}
	edit(func(m *ghosttest.Member) { m.Note = "a note, which goes nowhere" })()
	if digest() != last {
		t.Error("a note is in the digest")
	}
}

func TestColumnsAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := map[string]struct {
		csv  string
		want ghost.CensusRow
	}{
		"another order, and more": {
			"\ufeffcolour,labels,created_at,email,id,tiers\r\nred,\"a,b\",2020-01-02T03:04:05.000Z,a@example.com," + id + ",Gold\r\n",
			ghost.CensusRow{ID: id, Email: "a@example.com", Labels: "a,b", Tiers: "Gold", CreatedAt: at},
		},
		"the products of Ghost 5": {
			"id,email,created_at,deleted_at,products,subscribed_to_emails\n" + id + ",a@example.com,,2020-01-02T03:04:05.000Z,Gold,FALSE",
			ghost.CensusRow{ID: id, Email: "a@example.com", Tiers: "Gold", DeletedAt: at, Subscribed: member.Some(false)},
		},
	}
	for name, tt := range tests {
		rows, _, err := census(t.Context(), exporting(t, 1, tt.csv))
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
			continue
		}
		rows[0].Digest = 0
		if diff := cmp.Diff(tt.want, rows[0]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTheOrderOfLabelsIsNotInTheDigest(t *testing.T) {
	t.Parallel()
	digest := func(labels string) uint64 {
		csv := "id,email,created_at,deleted_at,tiers,labels\n" + id + ",a@example.com,,,,\"" + labels + "\"\n"
		rows, _, err := census(t.Context(), exporting(t, 1, csv))
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		return rows[0].Digest
	}
	if digest("VIP,Bulk,Import") != digest("Import,VIP,Bulk") || digest("VIP,Bulk") == digest("VIP,Bulk,Import") {
		t.Error("the order of labels is in the digest, or their names are not")
	}
}

func TestARowThatCannotBeReadStopsNothingButItself(t *testing.T) {
	t.Parallel()
	const other = "6b0233b2a81c3c0187d34847"
	csv := csvHead + "\r\n" + csvRow + "\r\n,b@example.com,,,,,,,,,,\r\n" + other + ",,,,,,,,,,,\r\n" +
		strings.ReplaceAll(csvRow, id, "6b0233b2a81c3c0187d34848")
	rows, bad, err := census(t.Context(), exporting(t, 4, csv))
	if err != nil || len(rows) != 2 || !slices.Equal(bad, []string{"", other}) {
		t.Errorf("%d rows, bad %q, %v", len(rows), bad, err)
	}
}

func TestWhatIsNoExportIsNoCensus(t *testing.T) {
	t.Parallel()
	for name, csv := range map[string]string{
		"a page":                  "<!DOCTYPE html>\n<html>Sign in</html>",
		"nothing":                 "",
		"JSON":                    `{"members":[]}`,
		"a column is missing":     "id,name\n" + id + ",A",
		"a row has other columns": csvHead + "\r\n" + csvRow + "\r\n" + id + ",a@example.com",
		"half a quoted field":     csvHead + "\r\n" + csvRow + "\r\n" + id + `,"a@exam`,
		"too many columns":        csvHead + strings.Repeat(",x", 200) + "\r\n" + csvRow + strings.Repeat(",", 200),
	} {
		if _, _, err := census(t.Context(), exporting(t, 0, csv)); kindOf(err) != ghost.Unreadable {
			t.Errorf("%s: %v is %q", name, err, kindOf(err))
		}
	}
}

// TestACensusThatIsCutIsAnError cuts in each way in which an answer can be cut:
// what is missing must never look as if it were deleted.
func TestACensusThatIsCutIsAnError(t *testing.T) {
	t.Parallel()
	s := populated(t, 3000)
	for name, transport := range map[string]*http.Transport{"compressed": {}, "plain": {DisableCompression: true}} {
		t.Cleanup(transport.CloseIdleConnections)
		for _, after := range []int{1, 100, 5_000} {
			rows, _, err := census(t.Context(), newClient(t, ghost.Options{URL: s.URL(), HTTP: &http.Client{
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/upload/") {
						s.FailNext(ghosttest.Fault{CutAfter: after})
					}
					return transport.RoundTrip(r)
				}),
			}}))
			if kindOf(err) != ghost.Transient || len(rows) >= 3000 {
				t.Errorf("%s, cut after %d: %d rows, %v", name, after, len(rows), err)
			}
		}
	}
}

func TestACensusIsCountedAgainstWhatGhostSays(t *testing.T) {
	t.Parallel()
	two := csvHead + "\r\n" + csvRow + "\r\n" + strings.ReplaceAll(csvRow, id, "6b0233b2a81c3c0187d34847")
	for total, whole := range map[int]bool{0: true, 2: true, 3: false, 1000: false} {
		rows, _, err := census(t.Context(), exporting(t, total, two))
		if len(rows) != 2 || (err == nil) != whole {
			t.Errorf("2 rows of %d: %v", total, err)
		}
		if !whole && (kindOf(err) != ghost.Transient || !strings.Contains(err.Error(), "cut short")) {
			t.Errorf("2 rows of %d: %v is %q", total, err, kindOf(err))
		}
	}
}

func TestMembersDeletedDuringACensusDoNotSpoilIt(t *testing.T) {
	t.Parallel()
	s := populated(t, 250)
	gone := s.Members()[7].ID
	deleting := roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/upload/") {
			_ = s.DeleteMember(gone)
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	c := newClient(t, ghost.Options{URL: s.URL(), HTTP: &http.Client{Transport: deleting}})
	if rows, _, err := census(t.Context(), c); err != nil || len(rows) != 249 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestAnExportWithoutAnEndIsNotBelieved is about proxies that speak HTTP/1.0: a
// connection that breaks looks like the end of the answer.
func TestAnExportWithoutAnEndIsNotBelieved(t *testing.T) {
	t.Parallel()
	export := func(head string) *ghost.Client {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/members/") {
				_, _ = io.WriteString(w, `{"members":[],"meta":{"pagination":{"total":1}}}`)
				return
			}
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			sayAndClose(conn, head, csvHead+"\r\n"+csvRow)
		}))
		t.Cleanup(s.Close)
		return newClient(t, ghost.Options{URL: s.URL})
	}
	if _, _, err := census(t.Context(), export("HTTP/1.0 200 OK\r\n\r\n")); kindOf(err) != ghost.Unreadable {
		t.Errorf("without an end: %v is %q", err, kindOf(err))
	}
	if rows, _, err := census(t.Context(), export("HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n")); err != nil || len(rows) != 1 {
		t.Errorf("compressed, which has an end: %d rows, %v", len(rows), err)
	}
}

func sayAndClose(conn net.Conn, head, body string) {
	_, _ = io.WriteString(conn, head)
	if !strings.Contains(head, "gzip") {
		_, _ = io.WriteString(conn, body)
		return
	}
	z := gzip.NewWriter(conn)
	_, _ = io.WriteString(z, body)
	_ = z.Close()
}

func TestACensusStopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	s := populated(t, 2500)
	seen := 0
	for _, err := range clientOf(t, s).Census(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("saw %d rows, want 3", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen = 0
	var last error
	for _, err := range clientOf(t, s).Census(ctx) {
		last = err
		if seen++; seen == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || seen > 4 {
		t.Errorf("canceled: %d rows, %v", seen, last)
	}
}

// slow answers the count at once, and an export after some time.
type slow struct{ wait time.Duration }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"members":[],"meta":{"pagination":{"total":1}}}`
	if strings.HasSuffix(r.URL.Path, "/upload/") {
		body = csvHead + "\r\n" + csvRow
		select {
		case <-time.After(s.wait):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader(body)}}, nil
}

// TestACensusHasItsOwnTime is about large sites: Ghost may take a minute before
// it says a word, longer than other calls and the given client allow.
func TestACensusHasItsOwnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for wait, want := range map[time.Duration]int{9 * time.Minute: 1, time.Hour: 0} {
			c := newClient(t, ghost.Options{
				URL: "https://ghost.example", HTTP: &http.Client{Transport: slow{wait}, Timeout: 30 * time.Second},
			})
			begin := time.Now()
			rows, _, err := census(t.Context(), c)
			if len(rows) != want || (err == nil) != (want == 1) || time.Since(begin) > 10*time.Minute {
				t.Errorf("Ghost took %v: %d rows after %v, %v", wait, len(rows), time.Since(begin), err)
			}
		}
	})
}
