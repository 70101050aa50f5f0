package ghost_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

// wish is a webhook that Ghost and we find good.
func wish() ghost.Webhook {
	return ghost.Webhook{
		Event: member.Edited, TargetURL: "https://hooks.example/webhook/ghost/blog?event=member.edited",
		Name: "ghostcm member.edited", Secret: "a secret of the site",
	}
}

func registered(id string, w ghost.Webhook) ghosttest.RegisteredWebhook {
	return ghosttest.RegisteredWebhook{ID: id, Event: string(w.Event), TargetURL: w.TargetURL, Name: w.Name, Secret: w.Secret}
}

func TestAWebhookIsAddedEditedAndDeleted(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	c := clientOf(t, s)
	key, err := c.AddWebhook(t.Context(), wish())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ghosttest.RegisteredWebhook{registered(key, wish())}, s.RegisteredWebhooks()); diff != "" {
		t.Error(diff)
	}
	moved := wish()
	moved.Event, moved.TargetURL, moved.Secret, moved.Name = member.Added, "https://elsewhere.example/x", "another", ""
	for range 2 {
		if err := c.EditWebhook(t.Context(), key, moved); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]ghosttest.RegisteredWebhook{registered(key, moved)}, s.RegisteredWebhooks()); diff != "" {
		t.Error(diff)
	}
	if err := c.DeleteWebhook(t.Context(), key); err != nil || len(s.RegisteredWebhooks()) != 0 {
		t.Errorf("%v, left %v", err, s.RegisteredWebhooks())
	}
	if err := c.DeleteWebhook(t.Context(), key); !errors.Is(err, ghost.ErrNotFound) {
		t.Errorf("deleted twice: %v, want ErrNotFound", err)
	}
	if err := c.EditWebhook(t.Context(), key, moved); !errors.Is(err, ghost.ErrNotFound) {
		t.Errorf("edited after that: %v, want ErrNotFound", err)
	}
}

func TestAWebhookThatGhostHasIsTold(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	c := clientOf(t, s)
	s.RegisterElsewhere("member.added", "https://Hooks.example/of-staff")
	again := wish()
	if _, err := c.AddWebhook(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	again.Secret, again.Name = "another", "another"
	others := wish()
	others.Event, others.TargetURL = member.Added, "https://hooks.example/of-staff"
	for name, w := range map[string]ghost.Webhook{"our own": again, "of another integration": others} {
		_, err := c.AddWebhook(t.Context(), w)
		if !errors.Is(err, ghost.ErrWebhookExists) || errors.Is(err, ghost.ErrNotFound) || kindOf(err) != ghost.Invalid {
			t.Errorf("%s: %v, want ErrWebhookExists", name, err)
		}
	}
	others.Event = member.Deleted
	if _, err := c.AddWebhook(t.Context(), others); err != nil {
		t.Errorf("the same URL for another event: %v", err)
	}
}

func TestAnotherIntegrationsWebhookMayNotBeTouched(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	theirs := s.RegisterElsewhere("member.added", "https://hooks.example/")
	c := clientOf(t, s)
	before := s.RegisteredWebhooks()
	if err := c.EditWebhook(t.Context(), theirs, wish()); kindOf(err) != ghost.Credentials {
		t.Errorf("edited: %v", err)
	}
	if err := c.DeleteWebhook(t.Context(), theirs); kindOf(err) != ghost.Credentials {
		t.Errorf("deleted: %v", err)
	}
	if diff := cmp.Diff(before, s.RegisteredWebhooks()); diff != "" {
		t.Error(diff)
	}
}

// TestCapturedAnswersOfWebhooks reads what a real Ghost 6.65.0 answered.
func TestCapturedAnswersOfWebhooks(t *testing.T) {
	t.Parallel()
	replay := func(name string) *ghost.Client {
		status, body := captured(t, name)
		return answering(t, status, nil, body)
	}
	if key, err := replay("webhooks-add").AddWebhook(t.Context(), wish()); key != "6b023641a040915d2451ce78" || err != nil {
		t.Errorf("added: %q, %v", key, err)
	}
	if _, err := replay("webhooks-add-dup").AddWebhook(t.Context(), wish()); !errors.Is(err, ghost.ErrWebhookExists) {
		t.Errorf("a duplicate: %v", err)
	}
	if err := replay("webhooks-edit").EditWebhook(t.Context(), id, wish()); err != nil {
		t.Errorf("edited: %v", err)
	}
	if err := replay("err-403-webhook").EditWebhook(t.Context(), id, wish()); kindOf(err) != ghost.Credentials {
		t.Errorf("of another: %v", err)
	}
	if err := replay("webhooks-delete").DeleteWebhook(t.Context(), id); err != nil {
		t.Errorf("deleted: %v", err)
	}
	if err := replay("webhooks-delete-404").DeleteWebhook(t.Context(), id); !errors.Is(err, ghost.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

// TestAWebhookThatWouldNeverFireIsNotSent is about what Ghost takes with a 201
// and then keeps silent about.
func TestAWebhookThatWouldNeverFireIsNotSent(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	c := clientOf(t, s)
	for name, spoil := range map[string]func(*ghost.Webhook){
		"an alias":          func(w *ghost.Webhook) { w.Event = "member.updated" },
		"no event":          func(w *ghost.Webhook) { w.Event = "" },
		"no URL":            func(w *ghost.Webhook) { w.TargetURL = "" },
		"a relative URL":    func(w *ghost.Webhook) { w.TargetURL = "notaurl" },
		"no host":           func(w *ghost.Webhook) { w.TargetURL = "https:///x" },
		"another scheme":    func(w *ghost.Webhook) { w.TargetURL = "ftp://hooks.example/" },
		"a URL too long":    func(w *ghost.Webhook) { w.TargetURL += strings.Repeat("x", 2000) },
		"no secret":         func(w *ghost.Webhook) { w.Secret = "" },
		"a secret too long": func(w *ghost.Webhook) { w.Secret = strings.Repeat("ü", 192) },
		"a name too long":   func(w *ghost.Webhook) { w.Name = strings.Repeat("x", 192) },
	} {
		w := wish()
		spoil(&w)
		if _, err := c.AddWebhook(t.Context(), w); !errors.Is(err, ghost.ErrInvalidWebhook) {
			t.Errorf("%s: %v, want ErrInvalidWebhook", name, err)
		}
		if err := c.EditWebhook(t.Context(), id, w); !errors.Is(err, ghost.ErrInvalidWebhook) {
			t.Errorf("%s, edited: %v, want ErrInvalidWebhook", name, err)
		}
	}
	if err := c.DeleteWebhook(t.Context(), "../members"); !errors.Is(err, ghost.ErrInvalidWebhook) {
		t.Errorf("an id that is none: %v", err)
	}
	longest := wish()
	longest.Secret, longest.Name = strings.Repeat("ü", 191), strings.Repeat("ü", 191)
	longest.TargetURL += strings.Repeat("x", 2000-len(longest.TargetURL))
	if _, err := c.AddWebhook(t.Context(), longest); err != nil {
		t.Errorf("the longest: %v", err)
	}
	if n := len(s.RegisteredWebhooks()); n != 1 {
		t.Errorf("%d webhooks, want 1", n)
	}
}

func TestAWebhookWithoutAnIDIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"webhooks":[]}`, `{"webhooks":[{"id":"` + wish().Secret + `"}]}`, `{"webhooks":7}`, "<html>"} {
		key, err := answering(t, http.StatusCreated, nil, body).AddWebhook(t.Context(), wish())
		if kindOf(err) != ghost.Unreadable || key != "" {
			t.Errorf("%s: %q, %v", body, key, err)
		}
	}
}
