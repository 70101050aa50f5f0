package ghost_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// endlessRows is an export that goes on as long as it is read.
type endlessRows struct {
	rows, sent int
	rest       []byte
}

func (b *endlessRows) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		if b.sent == b.rows {
			return 0, io.EOF
		}
		b.sent++
		b.rest = fmt.Appendf(nil, "%024x,m%d@example.com,A name,%s,true,,,2026-11-22T00:13:52.000Z,,\"VIP,x\",,\r\n",
			b.sent, b.sent, strings.Repeat("a note ", 20))
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (*endlessRows) Close() error { return nil }

// TestACensusOfManyNeedsLittleMemory looks at what is alive in the middle.
//
//nolint:paralleltest // it measures the memory of the whole process
func TestACensusOfManyNeedsLittleMemory(t *testing.T) {
	const n = 200_000
	c := newClient(t, ghost.Options{URL: "https://ghost.example", HTTP: &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/members/") {
				counted := fmt.Sprintf(`{"members":[],"meta":{"pagination":{"total":%d}}}`, n)
				return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader(counted)}}, nil
			}
			body := struct {
				io.Reader
				io.Closer
			}{io.MultiReader(strings.NewReader(csvHead+"\r\n"), &endlessRows{rows: n}), &endlessRows{}}
			return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
		}),
	}})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, most := 0, uint64(0)
	for _, err := range c.Census(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if rows++; rows%50_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}
	if rows != n || most > before.HeapAlloc+2<<20 {
		t.Errorf("%d rows, %d KiB more alive", rows, (most-before.HeapAlloc)>>10)
	}
}

// TestAHostileExportCostsLittle measures each shape of an export that unfolds.
//
//nolint:paralleltest // it measures the memory of the whole process
func TestAHostileExportCostsLittle(t *testing.T) {
	for shape, s := range map[string]struct {
		begin, piece string
		tooLarge     bool
	}{
		"a long row":    {csvHead + "\r\n" + id + ",", "x", true},
		"a long quote":  {csvHead + "\r\n" + id + `,"`, "x\n", true},
		"many columns":  {"id,email,created_at", ",x", true},
		"a long header": {"id", "x", true},
		"empty lines":   {csvHead + "\r\n", "\r\n", true},
		"empty rows":    {csvHead + "\r\n", ",,,,,,,,,,,\r\n", false},
	} {
		flood := &torrent{begin: s.begin, piece: s.piece, size: 6 << 20}
		c := newClient(t, ghost.Options{URL: "https://ghost.example", HTTP: &http.Client{
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/members/") {
					counted := `{"members":[],"meta":{"pagination":{"total":5}}}`
					return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader(counted)}}, nil
				}
				return &http.Response{StatusCode: http.StatusOK, Body: flood}, nil
			}),
		}})
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		rows, _, err := census(t.Context(), c)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if after.HeapAlloc > before.HeapAlloc+8<<20 || len(rows) > 0 {
			t.Errorf("%s: %d rows, %d KiB more alive", shape, len(rows), (after.HeapAlloc-before.HeapAlloc)>>10)
		}
		if tooLarge := err != nil && strings.Contains(err.Error(), "too large"); tooLarge != s.tooLarge {
			t.Errorf("%s: %v", shape, err)
		}
	}
}

// BenchmarkCensus reads an export of 100,000 members, without a network.
func BenchmarkCensus(b *testing.B) {
	const n = 100_000
	var export strings.Builder
	export.WriteString(csvHead + "\r\n")
	if _, err := io.Copy(&export, &endlessRows{rows: n}); err != nil {
		b.Fatal(err)
	}
	c, err := ghost.New(ghost.Options{
		URL: "https://ghost.example", AdminKey: ghosttest.DefaultKey,
		HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body := export.String()
			if strings.HasSuffix(r.URL.Path, "/members/") {
				body = fmt.Sprintf(`{"members":[],"meta":{"pagination":{"total":%d}}}`, n)
			}
			return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader(body)}}, nil
		})},
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, err := range c.Census(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "members/s")
}
