package ghosttest_test

import (
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

func webhookQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"webhook: made, changed, deleted": (*contract).webhookLife,
		"webhook: what is refused":        (*contract).refusedWebhooks,
		"webhook: what is taken":          (*contract).acceptedNonsense,
	}
}

func (c *contract) webhookLife() {
	target := "http://127.0.0.1:9/" + c.run
	a := c.ask(call{method: http.MethodPost, path: "webhooks/", body: hookBody(fields{
		"event": "member.added", "target_url": target, "name": "life", "secret": "s", "integration_id": "0123456789abcdef01234567"})})
	hook, _ := a.body["webhooks"].([]any)[0].(map[string]any)
	if diff := cmp.Diff(strings.Fields("api_version created_at event id integration_id last_triggered_at last_triggered_error last_triggered_status "+
		"name secret target_url updated_at"), keys(hook)); diff != "" {
		c.Error(diff)
	}
	if hook["secret"] != "s" || hook["event"] != "member.added" || hook["target_url"] != target || hook["integration_id"] == "0123456789abcdef01234567" {
		c.Errorf("the webhook is %v", hook)
	}
	own := "webhooks/" + hook["id"].(string) + "/"
	a = c.ask(call{method: http.MethodPut, path: own, body: hookBody(fields{"target_url": target + "/2", "secret": "t"})})
	changed, _ := a.body["webhooks"].([]any)[0].(map[string]any)
	if a.status != http.StatusOK || changed["target_url"] != target+"/2" || changed["secret"] != "t" || changed["event"] != "member.added" {
		c.Errorf("changed: %d %v", a.status, changed)
	}
	if a := c.ask(call{method: http.MethodDelete, path: own}); a.status != http.StatusNoContent {
		c.Errorf("deleted: %d", a.status)
	}
	missing := func(verb string) refusal {
		return refusal{Status: http.StatusNotFound, Type: "NotFoundError", Message: "Resource not found error, cannot " + verb + " webhook.", Context: "Webhook not found."}
	}
	c.refuses(call{method: http.MethodDelete, path: own}, missing("delete"))
	c.refuses(call{method: http.MethodPut, path: own, body: hookBody(fields{"secret": "u"})}, missing("edit"))
}

func (c *contract) refusedWebhooks() {
	target := "http://127.0.0.1:9/" + c.run
	c.register(target, "member.added")
	invalid := func(context string) refusal {
		return refusal{Status: http.StatusUnprocessableEntity, Type: "ValidationError", Message: "Validation error, cannot save webhook.", Context: context}
	}
	post := func(f fields) call { return call{method: http.MethodPost, path: "webhooks/", body: hookBody(f)} }
	c.refuses(post(fields{"event": "member.added", "target_url": target}), invalid("Target URL has already been used for this event."))
	c.refuses(post(fields{"event": "member.added", "target_url": strings.ToUpper(target)}), invalid("Target URL has already been used for this event."))
	for name, f := range map[string]fields{
		"no event":    {"target_url": target + "x"},
		"no address":  {"event": "member.added"},
		"long secret": {"event": "member.added", "target_url": target + "y", "secret": strings.Repeat("s", 192)},
		"long target": {"event": "member.added", "target_url": target + strings.Repeat("z", 2000)},
	} {
		if a := c.ask(post(f)); a.status != http.StatusUnprocessableEntity {
			c.Errorf("%s: %d", name, a.status)
		}
	}
	if a := c.ask(call{method: http.MethodPost, path: "webhooks/", body: map[string]any{}}); a.status != http.StatusBadRequest {
		c.Errorf("no webhook: %d", a.status)
	}
}

// acceptedNonsense: Ghost looks at neither event nor address.
func (c *contract) acceptedNonsense() {
	c.register("notaurl-"+c.run, "member.added")
	c.register("http://127.0.0.1:9/"+c.run, "member.updated")
	l := c.listen()
	c.edit(l.sentinel, fields{"name": "Renamed"})
	if told := l.told(0); len(told) != 0 {
		c.Errorf("%d webhooks of nobody", len(told))
	}
}
