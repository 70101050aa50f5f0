package campaignmonitor_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

func TestEveryDocumentedCodeHasItsKind(t *testing.T) {
	t.Parallel()
	table := []struct {
		status int
		kind   cm.Kind
		codes  []int
	}{
		{400, cm.NotOnList, []int{203}},
		{400, cm.AlreadyOnList, []int{201}},
		{400, cm.OptedOut, []int{204, 205, 206, 207, 208}},
		{400, cm.InvalidAddress, []int{1, 211}},
		{400, cm.InvalidRequest, []int{5, 172, 176, 209, 212, 214, 215, 220, 221, 250, 251, 252, 253, 256, 257, 259, 261, 400, 800, 801, 802, 803, -213, -1, 9999}},
		{401, cm.Credentials, []int{50, 60, 100, 120, 121, 122, 9999}},
		{401, cm.Config, []int{101, 102}},
		{400, cm.Config, []int{101, 254, 601, 602, 603, 610}},
		{403, cm.Config, []int{403}},
		{403, cm.InvalidRequest, []int{9999}},
		{404, cm.Config, []int{404, 9999}},
		{500, cm.Transient, []int{500, 9999}},
		{500, cm.InvalidRequest, []int{-213}},
		{503, cm.Transient, []int{500, 9999}},
		{400, cm.Transient, []int{210}}, // without its details
	}
	for _, row := range table {
		for _, code := range row.codes {
			for _, m := range methods() {
				err := m.call(t.Context(), stubbed(t, respond(row.status, nil, fmt.Sprintf(`{"Code":%d,"Message":"m"}`, code))))
				if got := cm.KindOf(err); got != row.kind {
					t.Errorf("%s: HTTP %d code %d is %v, want %v", m.op, row.status, code, got, row.kind)
				}
				var e *cm.Error
				if !errors.As(err, &e) || e.Code != code || e.Status != row.status || e.Op != m.op {
					t.Errorf("%s: HTTP %d code %d gives %+v", m.op, row.status, code, e)
				}
			}
		}
	}
}

// shapes are one method of each shape: a read, a write, an import, pages.
func shapes() []method {
	return slices.DeleteFunc(methods(), func(m method) bool {
		return !slices.Contains([]string{cm.OpSubscriberRead, cm.OpUpdate, cm.OpImport, cm.OpSubscribersRead}, m.op)
	})
}

// wantStatusKind is the rule for answers without a code, written once more.
func wantStatusKind(status int) cm.Kind {
	switch {
	case status == 401:
		return cm.Credentials
	case status >= 300 && status < 400, status == 404, status == 405, status == 407:
		return cm.Config
	case status == 413, status == 414, status == 415, status == 422:
		return cm.InvalidRequest
	case status == 429:
		return cm.RateLimited
	}
	return cm.Transient
}

func TestEveryStatusWithoutACodeIsJudgedByTheStatus(t *testing.T) {
	t.Parallel()
	bodies := []string{"", "<html><body>Service unavailable</body></html>", `{"Code":4`, `{}`, `"text"`, `[]`, `null`, "\x00\xff"}
	for status := 300; status < 600; status++ {
		for _, body := range bodies {
			c := stubbed(t, respond(status, nil, body))
			for _, m := range shapes() {
				if got, want := cm.KindOf(m.call(t.Context(), c)), wantStatusKind(status); got != want {
					t.Fatalf("%s: HTTP %d with %q is %v, want %v", m.op, status, body, got, want)
				}
			}
		}
	}
}

func TestASuccessThatCannotBeReadIsTransient(t *testing.T) {
	t.Parallel()
	for status := 200; status < 300; status++ {
		for _, body := range []string{"<html>Welcome to the café</html>", `{"EmailAddress":"a@exa`, "\x00"} {
			c := stubbed(t, respond(status, nil, body))
			for _, m := range shapes() {
				if got := cm.KindOf(m.call(t.Context(), c)); got != cm.Transient {
					t.Fatalf("%s: HTTP %d with %q is %v, want %v", m.op, status, body, got, cm.Transient)
				}
			}
		}
	}
}

// An answer without the promised content must not pass for an empty list or an
// empty subscriber.
func TestAnEmptySuccessSatisfiesWritesOnly(t *testing.T) {
	t.Parallel()
	empty := map[string]bool{cm.OpUpdate: true, cm.OpUnsubscribe: true, cm.OpDelete: true, cm.OpWebhookActivate: true, cm.OpWebhookDelete: true}
	for _, m := range methods() {
		err := m.call(t.Context(), stubbed(t, respond(http.StatusOK, nil, "")))
		if (err == nil) != empty[m.op] {
			t.Errorf("%s with an empty 200: %v", m.op, err)
		}
	}
	for _, m := range methods() {
		for _, body := range []string{"{}", "null", `""`} {
			err := m.call(t.Context(), stubbed(t, respond(http.StatusOK, nil, body)))
			if !empty[m.op] && cm.KindOf(err) != cm.Transient {
				t.Errorf("%s with %s: %v", m.op, body, err)
			}
		}
	}
}

func TestALimitIsASubscribersOnlyWithoutHeadersOnAWrite(t *testing.T) {
	t.Parallel()
	const subscriber = `{"Code":429,"Message":"Subscriber was added too many times too quickly, try again later."}`
	const account = `{"Code":429,"Message":"Rate limit exceeded"}`
	writes := []string{cm.OpUpdate, cm.OpImport, cm.OpUnsubscribe, cm.OpDelete}
	for _, m := range methods() {
		bare := cm.RateLimited
		if slices.Contains(writes, m.op) {
			bare = cm.TooOften
		}
		table := []struct {
			header http.Header
			body   string
			want   cm.Kind
		}{
			{nil, subscriber, bare},
			{nil, account, cm.RateLimited},
			{http.Header{"X-Ratelimit-Remaining": {"0"}}, subscriber, cm.RateLimited},
			{http.Header{"X-Ratelimit-Reset": {"5"}}, subscriber, cm.RateLimited},
			{http.Header{"Retry-After": {"5"}}, subscriber, cm.RateLimited},
			{nil, "<html>slow down</html>", cm.RateLimited},
			{nil, "", cm.RateLimited},
		}
		for _, row := range table {
			if got := cm.KindOf(m.call(t.Context(), stubbed(t, respond(429, row.header, row.body)))); got != row.want {
				t.Errorf("%s: 429 %v %q is %v, want %v", m.op, row.header, row.body, got, row.want)
			}
		}
	}
}

func TestErrorsOfOthersHaveNoKind(t *testing.T) {
	t.Parallel()
	if k := cm.KindOf(nil); k != cm.None {
		t.Errorf("KindOf(nil) = %v", k)
	}
	if k := cm.KindOf(errors.New("other")); k != cm.None {
		t.Errorf("KindOf(other) = %v", k)
	}
	wrapped := fmt.Errorf("write the subscriber: %w", &cm.Error{Op: cm.OpUpdate, Status: 400, Code: 206})
	if k := cm.KindOf(wrapped); k != cm.OptedOut {
		t.Errorf("KindOf(wrapped) = %v", k)
	}
}
