package campaignmonitor_test

import (
	"net/http"
	"strings"
	"testing"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

// FuzzAnswer feeds any answer to every method: it must end, with a result or an
// error that has a kind and repeats nothing of the answer.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{"", "{}", "null", `"id"`, `[]`, partial, `{"Code":429,"Message":"x"}`, "<html>", `{"Results":[],"NumberOfPages":3}`,
		`{"Code":1e99}`, `{"Code":"203"}`, `[{"FieldName":"a","Key":"[a]"}]`, "\ufeff{\"SystemDate\":\"2010-10-15 09:27:00\"}"} {
		for _, status := range []int{200, 302, 400, 401, 429, 503} {
			f.Add(status, body, "5")
		}
	}
	f.Fuzz(func(t *testing.T, status int, body, retryAfter string) {
		if status < 200 || status > 599 {
			return
		}
		pages := 0
		answer := respond(status, http.Header{"Retry-After": {retryAfter}}, body)
		c := stubbed(t, func(r *http.Request) (*http.Response, error) {
			if pages++; pages > 100 { // an answer may claim any number of pages
				return respond(400, nil, `{"Code":800}`)(r)
			}
			return answer(r)
		})
		for _, m := range methods() {
			err := m.call(t.Context(), c)
			if err != nil && (cm.KindOf(err) == cm.None || len(body) > 40 && strings.Contains(err.Error(), body)) {
				t.Errorf("%s: %v", m.op, err)
			}
		}
	})
}
