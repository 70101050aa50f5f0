package ghosttest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// theWebhook is the one webhook of an answer.
func (a answer) theWebhook(t *testing.T) map[string]any {
	t.Helper()
	list, ok := a.body["webhooks"].([]any)
	if !ok || len(list) != 1 {
		t.Fatalf("no webhook in an answer with status %d: %v", a.status, a.body)
	}
	return list[0].(map[string]any)
}

func webhookBody(event, target, rest string) string {
	return `{"webhooks":[{"event":"` + event + `","target_url":"` + target + `"` + rest + `}]}`
}

func TestTheWebhooksAPIAnswersAsCaptured(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	const target = "http://127.0.0.1:9097/other"
	added := send(t, s, "POST", "/webhooks/", good(t), webhookBody("member.edited", target, `,"name":"second","secret":"abc"`))
	path := "/webhooks/" + added.theWebhook(t)["id"].(string) + "/"
	theirs := "/webhooks/" + s.RegisterElsewhere("member.added", target) + "/"
	tests := []struct{ name, method, path, body, fixture string }{
		{"added twice", "POST", "/webhooks/", webhookBody("member.edited", "HTTP://127.0.0.1:9097/other", ""), "webhooks-add-dup"},
		{"added elsewhere too", "POST", "/webhooks/", webhookBody("member.added", target, ""), "webhooks-add-dup"},
		{"an event that never is", "POST", "/webhooks/", webhookBody("member.updated", target, ""), "webhooks-add-member-updated"},
		{"a URL that is none", "POST", "/webhooks/", webhookBody("member.edited", "notaurl", ""), "webhooks-add-bad-url"},
		{"edited", "PUT", path, webhookBody("member.deleted", target, `,"secret":"new"`), "webhooks-edit"},
		{"of another, edited", "PUT", theirs, `{"webhooks":[{"secret":"x"}]}`, "err-403-webhook"},
		{"listed", "GET", "/webhooks/", "", "perm-GET_webhooks_"},
		{"deleted", "DELETE", path, "", "webhooks-delete"},
		{"deleted twice", "DELETE", path, "", "webhooks-delete-404"},
	}
	if diff := cmp.Diff(keys(fixture(t, "webhooks-add").theWebhook(t)), keys(added.theWebhook(t))); diff != "" || added.status != 201 {
		t.Errorf("added: status %d, %s", added.status, diff)
	}
	for _, tt := range tests {
		got := send(t, s, tt.method, tt.path, good(t), tt.body)
		want := capturedAnswer(t, tt.fixture)
		if got.status != want.status {
			t.Errorf("%s: status %d, want %d", tt.name, got.status, want.status)
		}
		if diff := cmp.Diff(firstOf(want, "errors", "context"), firstOf(got, "errors", "context")); diff != "" && tt.name != "listed" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if _, ok := want.body["webhooks"]; ok {
			if diff := cmp.Diff(keys(want.theWebhook(t)), keys(got.theWebhook(t))); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
	}
}

// capturedAnswer is fixture for answers that may be empty.
func capturedAnswer(t *testing.T, name string) answer {
	t.Helper()
	if name == "webhooks-delete" {
		return answer{status: http.StatusNoContent}
	}
	return fixture(t, name)
}

func firstOf(a answer, list, key string) any {
	all, _ := a.body[list].([]any)
	if len(all) == 0 {
		return nil
	}
	return all[0].(map[string]any)[key]
}

func TestAWebhookIsRefusedFor(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	s.Webhooks(func(string) string { return "https://staff.example/" }, "")
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"no root key":        {`{}`, 400},
		"no event":           {`{"webhooks":[{"target_url":"https://x.example/"}]}`, 422},
		"no URL":             {`{"webhooks":[{"event":"member.added"}]}`, 422},
		"a secret too long":  {webhookBody("member.added", "https://x.example/", `,"secret":"`+strings.Repeat("x", 192)+`"`), 422},
		"a URL too long":     {webhookBody("member.added", "https://x.example/"+strings.Repeat("x", 2000), ""), 422},
		"one that staff has": {webhookBody("member.added", "https://staff.example/", ""), 422},
	} {
		if got := send(t, s, "POST", "/webhooks/", good(t), tt.body); got.status != tt.status {
			t.Errorf("%s: status %d, want %d", name, got.status, tt.status)
		}
	}
	if got := send(t, s, "POST", "/webhooks/", "", webhookBody("member.added", "https://x.example/", "")); got.status != 403 {
		t.Errorf("without a key: status %d", got.status)
	}
	if got := send(t, s, "PUT", "/webhooks/none/", good(t), `{"webhooks":[{}]}`); got.status != 422 {
		t.Errorf("an id that is none: status %d", got.status)
	}
	if n := len(s.RegisteredWebhooks()); n != 0 {
		t.Errorf("%d webhooks are registered", n)
	}
}

func TestRegisteredWebhooksFireOneAfterAnother(t *testing.T) {
	t.Parallel()
	s, staff, api := ghosttest.Run(t, ghosttest.Options{Sync: true}), newReceiver(t), newReceiver(t)
	staff.register(s)
	first := send(t, s, "POST", "/webhooks/", good(t), webhookBody("member.added", api.URL+"/first", `,"secret":"one"`))
	send(t, s, "POST", "/webhooks/", good(t), webhookBody("member.added", api.URL+"/second", ""))
	send(t, s, "POST", "/webhooks/", good(t), webhookBody("member.deleted", api.URL+"/deleted", `,"secret":"two"`))
	m := addMembers(t, s, "a@example.com")[0]
	if got := api.all(); len(staff.all()) != 1 || len(got) != 2 || got[0].path != "/first" || got[1].path != "/second" {
		t.Fatalf("%d of staff, of the API %v", len(staff.all()), got)
	}
	one := api.all()[0]
	v := ghost.Verification{Secrets: [][]byte{[]byte("one")}, Now: time.Now(), Tolerance: time.Minute}
	if _, err := ghost.Verify(one.header.Get(ghost.SignatureHeader), one.body, v); err != nil {
		t.Errorf("signed with its own secret: %v", err)
	}
	if signed := api.all()[1].header.Get(ghost.SignatureHeader); signed != "" {
		t.Errorf("without a secret: %q", signed)
	}
	api.answer(http.StatusGone)
	addMembers(t, s, "b@example.com")
	if left := s.RegisteredWebhooks(); len(left) != 1 || left[0].Event != "member.deleted" {
		t.Errorf("after a 410 %v are left", left)
	}
	api.answer(http.StatusAccepted)
	if err := s.DeleteMember(m.ID); err != nil {
		t.Fatal(err)
	}
	if got := api.all(); got[len(got)-1].path != "/deleted" || len(staff.all()) != 3 {
		t.Errorf("deleted: %d of staff, %v", len(staff.all()), got[len(got)-1].path)
	}
	if got := send(t, s, "PUT", "/webhooks/"+first.theWebhook(t)["id"].(string)+"/", good(t), `{"webhooks":[{"secret":"x"}]}`); got.status != 404 {
		t.Errorf("edit of one that is gone: status %d", got.status)
	}
	last := "/webhooks/" + s.RegisteredWebhooks()[0].ID + "/"
	told := send(t, s, "PUT", last, good(t), `{"webhooks":[{"name":"n"}]}`).theWebhook(t)
	if told["last_triggered_status"] != 202.0 || told["last_triggered_at"] == nil || told["name"] != "n" || told["secret"] != "two" {
		t.Errorf("the last shows %v", told)
	}
}
