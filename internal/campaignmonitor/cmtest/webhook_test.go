package cmtest_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

// mailbox keeps the webhooks that a simulator sends, in short.
type mailbox struct {
	mu   sync.Mutex
	mail []string
}

func (m *mailbox) Send(url string, payload []byte) error {
	var body struct {
		Events []struct{ Type, EmailAddress, OldEmailAddress, State string }
	}
	if err := json.Unmarshal(payload, &body); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range body.Events {
		m.mail = append(m.mail, e.Type+" "+e.EmailAddress+" "+e.OldEmailAddress+" "+e.State)
	}
	return nil
}

func (m *mailbox) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.mail
	m.mail = nil
	return taken
}

func TestWebhooksTellOfChanges(t *testing.T) {
	t.Parallel()
	var m mailbox
	b := setup(t, cmtest.Options{Send: m.Send})
	id, err := b.client.CreateWebhook(t.Context(), b.list, "https://ghostcm.example/hook", []string{"Subscribe", "Deactivate", "Update"})
	if err != nil {
		t.Fatal(err)
	}
	b.importOne(t, cm.Write{Email: "a@x.example"}, cm.Import{})
	if err := b.client.Update(t.Context(), b.list, "a@x.example", cm.Write{Email: "b@x.example"}); err != nil {
		t.Fatal(err)
	}
	b.SetState(b.list, "b@x.example", "Bounced")
	// Closing waits for the webhooks of earlier requests.
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"Subscribe a@x.example  ", "Update b@x.example a@x.example Active", "Deactivate b@x.example  Bounced"}
	if diff := cmp.Diff(want, m.take()); diff != "" || id == "" {
		t.Error(diff)
	}
}

func TestASwitchedOffWebhookIsNotSent(t *testing.T) {
	t.Parallel()
	var m mailbox
	b := setup(t, cmtest.Options{Send: m.Send})
	id, err := b.client.CreateWebhook(t.Context(), b.list, "https://ghostcm.example/hook", []string{"Deactivate"})
	if err != nil {
		t.Fatal(err)
	}
	b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example"}, cmtest.Subscriber{Email: "b@x.example"})
	raw{method: "PUT", path: "/api/v3.3/lists/" + b.list + "/webhooks/" + id + "/deactivate.json", user: cmtest.DefaultKey}.send(t, b.Server)
	b.SetState(b.list, "a@x.example", "Unsubscribed")
	if err := b.client.ActivateWebhook(t.Context(), b.list, id); err != nil {
		t.Fatal(err)
	}
	b.SetState(b.list, "b@x.example", "Unsubscribed")
	if diff := cmp.Diff([]string{"Deactivate b@x.example  Unsubscribed"}, m.take()); diff != "" {
		t.Error(diff)
	}
}

func TestWebhooksAreManaged(t *testing.T) {
	t.Parallel()
	var m mailbox
	b := setup(t, cmtest.Options{Send: m.Send})
	c := b.client
	for target, want := range map[string]int{"not a URL": 601, "https://ghostcm.example/hook": 0} {
		if _, err := c.CreateWebhook(t.Context(), b.list, target, []string{"Update"}); codeOf(t, err) != want {
			t.Errorf("%s: %v, want code %d", target, err, want)
		}
	}
	if _, err := c.CreateWebhook(t.Context(), b.list, "https://x.example", []string{"Open"}); codeOf(t, err) != 603 {
		t.Errorf("an unknown event: %v", err)
	}
	hooks, err := c.Webhooks(t.Context(), b.list)
	if err != nil || len(hooks) != 1 {
		t.Fatalf("%+v, %v", hooks, err)
	}
	path := "/api/v3.3/lists/" + b.list + "/webhooks/" + hooks[0].ID
	want := cm.Webhook{ID: hooks[0].ID, URL: "https://ghostcm.example/hook", Events: []string{"Update"}, Active: true}
	for _, step := range []struct {
		call raw
		live bool
	}{
		{raw{method: "GET", path: path + "/test.json"}, true},
		{raw{method: "PUT", path: path + "/deactivate.json", body: " "}, false},
		{raw{method: "PUT", path: path + "/activate.json"}, true},
	} {
		step.call.user, want.Active = cmtest.DefaultKey, step.live
		if status, body := step.call.send(t, b.Server); status != 200 || body != "" {
			t.Errorf("%s: %d %s", step.call.path, status, body)
		}
		if hooks, err = c.Webhooks(t.Context(), b.list); err != nil || cmp.Diff([]cm.Webhook{want}, hooks) != "" {
			t.Errorf("%+v, %v", hooks, err)
		}
	}
	var mail []string // the sample that the test sends after its answer
	eventually(t, func() bool { mail = append(mail, m.take()...); return len(mail) == 1 })
	if err := c.ActivateWebhook(t.Context(), b.list, want.ID); err != nil {
		t.Error(err)
	}
	if err := c.DeleteWebhook(t.Context(), b.list, want.ID); err != nil {
		t.Error(err)
	}
	if hooks, err := c.Webhooks(t.Context(), b.list); err != nil || len(hooks) != 0 {
		t.Errorf("%+v, %v", hooks, err)
	}
}
