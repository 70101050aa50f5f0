package campaignmonitor_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

// TestAHostileAnswerCostsLittle measures answers that unfold: two bytes of JSON
// can become a hundred of memory, and every list is one of such.
//
//nolint:paralleltest // it measures the memory of the whole process
func TestAHostileAnswerCostsLittle(t *testing.T) {
	readers := []string{cm.OpSubscriberRead, cm.OpSubscribersRead, cm.OpImport, cm.OpFieldsRead, cm.OpWebhooksRead}
	for _, begin := range []string{
		`{"NumberOfPages":1,"Results":[{}`, `{"NumberOfPages":1,"Results":[{"CustomFields":[{}`, `{"EmailAddress":"a","State":"Active","CustomFields":[{}`,
		`{"TotalNewSubscribers":1,"DuplicateEmailsInSubmission":[{}`, `{"TotalNewSubscribers":1,"FailureDetails":[{}`,
		`[{}`, `[{"Events":[{}`,
	} {
		end := closing(strings.TrimSuffix(begin, "{}"))
		whole := begin + strings.Repeat(",{}", (8<<20)/3) + end
		limited := begin + strings.Repeat(",{}", (1<<20-200)/3) + end
		for _, m := range methods() {
			if !slices.Contains(readers, m.op) {
				continue
			}
			for _, body := range []string{whole, limited} {
				if m.op == cm.OpSubscribersRead && len(body) > 2<<20 && !strings.Contains(begin, "Results") {
					continue // a shape of other answers
				}
				c := stubbed(t, func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
				})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err := m.call(t.Context(), c)
				runtime.ReadMemStats(&after)
				allowed := uint64(32 << 20)
				if m.op == cm.OpSubscribersRead {
					allowed = 96 << 20 // a page is read whole
				}
				if used := after.TotalAlloc - before.TotalAlloc; used > allowed {
					t.Errorf("%s of %.40s: %d MiB", m.op, begin, used>>20)
				}
				if len(body) > 2<<20 && cm.KindOf(err) != cm.Transient {
					t.Errorf("%s of %.40s: %v, want transient", m.op, begin, err)
				}
			}
		}
	}
}

// closing returns what ends every list and object that begin leaves open.
func closing(begin string) string {
	end := ""
	for _, r := range begin {
		switch r {
		case '{':
			end = "}" + end
		case '[':
			end = "]" + end
		}
	}
	return end
}

func TestListsAreReadUpToTheirBound(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{0: true, 1: true, 999: true, 1000: true, 1001: false} {
		row := `{"EmailAddress":"a@x.example","State":"Active","CustomFields":[{"Key":"[a]","Value":"1, 2"}]}`
		rows := strings.TrimSuffix(strings.Repeat(row+",", n), ",")
		c := stubbed(t, respond(http.StatusOK, nil, fmt.Sprintf(`{"Results":[%s],"NumberOfPages":1}`, rows)))
		count := 0
		var last error
		for s, err := range c.Subscribers(t.Context(), "l", cm.StateActive, cm.Query{}) {
			if last = err; err == nil && s.Fields[0].Value == "1, 2" {
				count++
			}
		}
		if (last == nil) != ok || ok && count != n {
			t.Errorf("of %d: read %d, %v", n, count, last)
		}
	}
}
