package doctor_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

func TestAHealthyInstallationIsWellInEveryCheck(t *testing.T) {
	t.Parallel()
	w := build(t, variant{})
	w.site.ListToken = token
	w.site.Payments = doctor.Payments{}
	w.mend()
	r := w.finds(map[string]string{})
	checked := map[string]bool{}
	for _, f := range r.Findings {
		checked[f.Name] = true
	}
	for _, name := range doctor.Names() {
		if !checked[name] && !strings.HasPrefix(name, "payment") { // it sells nothing
			t.Errorf("%s was not checked", name)
		}
	}
}

func (w *world) fieldTypes() map[string]string {
	w.t.Helper()
	fields, err := w.site.List.Fields(w.t.Context(), w.listID)
	if err != nil {
		w.t.Fatal(err)
	}
	types := map[string]string{}
	for _, f := range fields {
		types[f.Name] = f.DataType
	}
	return types
}

func sevenFields() map[string]string {
	return map[string]string{
		"ghost_status": "Text", "ghost_signup_date": "Date", "ghost_last_updated": "Date", "ghost_status_changed_at": "Date",
		"ghost_previous_status": "Text", "ghost_labels": "Text", "ghost_email_enabled": "Text",
	}
}

func TestMendingCreatesTheFieldsAndRegistersTheWebhooks(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true})
	w.site.ListToken = token
	r := w.finds(map[string]string{
		"blog webhooks": "warn", "blog last_event": "warn", "blog list_fields": "fail", "blog list_webhook": "fail",
	})
	for name, kind := range sevenFields() {
		says(t, r, "blog list_fields", name+" ("+kind+")")
	}
	says(t, r, "blog list_fields", "ghostcm doctor blog --fix")

	report := doctor.New(w.options).Mend(t.Context())
	if diff := cmp.Diff(map[string]string{"blog last_event": "warn"}, unwell(report)); diff != "" {
		t.Errorf("after mending (-want +got):\n%s", diff)
	}
	if len(report.Actions) != 7+3+1 {
		t.Errorf("it did %d things: %v", len(report.Actions), report.Actions)
	}
	if diff := cmp.Diff(sevenFields(), w.fieldTypes()); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	w.hasWebhooks(secret)
	hooks, err := w.site.List.Webhooks(t.Context(), w.listID)
	if err != nil || len(hooks) != 1 || hooks[0].URL != w.front.URL+webhook.CampaignMonitorPath+"blog/"+token || !hooks[0].Active {
		t.Errorf("the list's webhooks are %v, %v", hooks, err)
	}
}

// hasWebhooks compares what Ghost has with the three webhooks of ghostcm.
func (w *world) hasWebhooks(secret string) {
	w.t.Helper()
	want := map[string]ghosttest.RegisteredWebhook{}
	for _, event := range []string{"member.added", "member.edited", "member.deleted"} {
		want[event] = ghosttest.RegisteredWebhook{
			Event: event, TargetURL: w.front.URL + webhook.GhostPath + "blog?event=" + event, Name: "ghostcm blog " + event, Secret: secret,
		}
	}
	got := map[string]ghosttest.RegisteredWebhook{}
	for _, h := range w.ghost.RegisteredWebhooks() {
		h.ID = ""
		got[h.Event] = h
	}
	if diff := cmp.Diff(want, got); diff != "" || len(w.ghost.RegisteredWebhooks()) != 3 {
		w.t.Errorf("Ghost's webhooks (-want +got):\n%s", diff)
	}
}

func TestMendingTwiceIsMendingOnce(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true})
	w.site.ListToken = token
	w.mend()
	before, fields := w.ghost.RegisteredWebhooks(), w.fieldTypes()
	remembered, err := w.store.Hooks(t.Context(), "blog")
	if err != nil {
		t.Fatal(err)
	}
	if again := w.mend(); len(again) != 0 {
		t.Errorf("the second time it did %v", again)
	}
	if diff := cmp.Diff(before, w.ghost.RegisteredWebhooks()) + cmp.Diff(fields, w.fieldTypes()); diff != "" {
		t.Errorf("the second time changed:\n%s", diff)
	}
	after, err := w.store.Hooks(t.Context(), "blog")
	if diff := cmp.Diff(remembered, after); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestExaminingChangesNothing(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true})
	w.site.ListToken = token
	w.works(false)
	w.examine()
	if keys, err := w.redis.Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("Redis has %v, %v", keys, err)
	}
	if hooks := w.ghost.RegisteredWebhooks(); len(hooks) > 0 {
		t.Errorf("Ghost has %v", hooks)
	}
	for _, r := range w.list.Requests() {
		if !strings.HasSuffix(r.Op, "_read") {
			t.Errorf("Campaign Monitor was asked for %s", r.Op)
		}
	}
}

func TestWithoutAPublicURLNothingIsRegistered(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true})
	w.options.PublicURL, w.site.ListToken = "", token
	if done := w.mend(); len(done) != 7 {
		t.Errorf("it did %v", done)
	}
	if hooks := w.ghost.RegisteredWebhooks(); len(hooks) > 0 {
		t.Errorf("Ghost has %v", hooks)
	}
	r := w.finds(map[string]string{
		"blog webhooks": "warn", "blog last_event": "warn", "blog public_url": "not checked", "blog list_webhook": "fail",
	})
	says(t, r, "blog public_url", "ghostcm doctor blog --public-url https://")
}

func TestARegisteredAddressIsCheckedWithoutBeingNamedAgain(t *testing.T) {
	t.Parallel()
	w := build(t, variant{})
	w.options.PublicURL = ""
	w.finds(map[string]string{})
	w.front.Close()
	says(t, w.finds(map[string]string{"blog public_url": "fail"}), "blog public_url", "the connection is refused")
}

func TestAWebhookThatGhostHasLostIsRegisteredAnew(t *testing.T) {
	t.Parallel()
	w := build(t, variant{})
	if err := w.site.Ghost.DeleteWebhook(t.Context(), w.ghost.RegisteredWebhooks()[1].ID); err != nil {
		t.Fatal(err)
	}
	if done := w.mend(); len(done) != 1 || done[0].Failed != "" {
		t.Errorf("it did %v", done)
	}
	w.hasWebhooks(secret)
}

func TestAnotherSecretOrAddressIsWrittenOverTheOldOne(t *testing.T) {
	t.Parallel()
	w := build(t, variant{})
	ids := w.ghost.RegisteredWebhooks()
	w.site.Secret = "hunter2-rotated"
	says(t, w.finds(map[string]string{"blog webhooks": "warn"}), "blog webhooks", "another secret", "--fix --public-url")
	if done := w.mend(); len(done) != 3 || !strings.HasPrefix(done[0].What, "changed the webhook") {
		t.Errorf("it did %v", done)
	}
	w.hasWebhooks("hunter2-rotated")
	for i, h := range w.ghost.RegisteredWebhooks() {
		if h.ID != ids[i].ID {
			t.Errorf("%s has another id", h.Event)
		}
	}
	w.finds(map[string]string{})
}

func TestAWebhookWhoseIDIsForgottenNeedsAPerson(t *testing.T) {
	t.Parallel()
	w := build(t, variant{})
	if err := w.store.ForgetHook(t.Context(), "blog", "member.edited"); err != nil {
		t.Fatal(err)
	}
	says(t, w.finds(map[string]string{"blog webhooks": "fail"}), "blog webhooks", "member.edited")
	done := w.mend()
	if len(done) != 1 || !strings.Contains(done[0].Failed, "delete it, and run this again") {
		t.Errorf("it did %v", done)
	}
	w.hasWebhooks(secret)
}

func TestAWebhookOfAnotherIntegrationIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true})
	id := w.ghost.RegisterElsewhere("member.added", "https://elsewhere.example/")
	hook := store.Hook{ID: id, URL: w.front.URL + "/webhook/ghost/blog?event=member.added", At: time.Now()}
	if err := w.store.KeepHook(t.Context(), "blog", "member.added", hook); err != nil {
		t.Fatal(err)
	}
	w.mend()
	all := w.ghost.RegisteredWebhooks()
	if len(all) != 4 || all[0].TargetURL != "https://elsewhere.example/" {
		t.Errorf("Ghost's webhooks are %v", all)
	}
	if kept, err := w.store.Hooks(t.Context(), "blog"); err != nil || kept["member.added"].ID == id {
		t.Errorf("remembered %v, %v", kept, err)
	}
}

func TestTheListsWebhookIsSwitchedOnAndReplaced(t *testing.T) {
	t.Parallel()
	w := build(t, variant{})
	ctx, old := t.Context(), w.front.URL+"/webhook/campaignmonitor/blog/hunter2-old-token"
	foreign := "https://elsewhere.example/webhook/campaignmonitor/news/x"
	for _, url := range []string{old, foreign} {
		if _, err := w.site.List.CreateWebhook(ctx, w.listID, url, []string{"Deactivate"}); err != nil {
			t.Fatal(err)
		}
	}
	w.site.ListToken = token
	w.finds(map[string]string{"blog list_webhook": "fail"})
	if done := w.mend(); len(done) != 2 {
		t.Errorf("it did %v", done)
	}
	w.finds(map[string]string{})
	hooks := w.listHooks()
	if len(hooks) != 2 || hooks[0].URL != foreign {
		t.Errorf("the list's webhooks are %v", hooks)
	}

	w.deactivate(hooks[1].ID)
	says(t, w.finds(map[string]string{"blog list_webhook": "fail"}), "blog list_webhook", "switched it off")
	w.mend()
	w.finds(map[string]string{})
	if again := w.listHooks(); !cmp.Equal(hooks, again) {
		t.Errorf("the list's webhooks became %v", again)
	}
}

func (w *world) listHooks() []campaignmonitor.Webhook {
	w.t.Helper()
	hooks, err := w.site.List.Webhooks(w.t.Context(), w.listID)
	if err != nil {
		w.t.Fatal(err)
	}
	return hooks
}

func TestMembersAreNotSentToWhateverAnswers(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true, front: stranger(404, "<html>not here</html>", "")})
	w.site.ListToken = token
	done := w.mend()
	if len(done) != 9 || !strings.Contains(done[7].Failed, "another program answers") {
		t.Errorf("it did %v", done)
	}
	if hooks := w.ghost.RegisteredWebhooks(); len(hooks)+len(w.listHooks()) > 0 {
		t.Errorf("registered for a stranger: %v", hooks)
	}
}

// An answer that is no ghostcm's is a stranger's, whatever its status, and also if
// it never comes to its end.
func TestMembersAreNotSentToWhoeverMightBeAStranger(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]http.Handler{
		"a limit": stranger(429, "", ""),
		"half an answer": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "<html>")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := build(t, variant{bare: true, front: answers})
			w.site.ListToken = token
			w.mend()
			if n := len(w.ghost.RegisteredWebhooks()) + len(w.listHooks()); n > 0 {
				t.Errorf("%d webhooks are registered there", n)
			}
		})
	}
}

// Who registers first and starts serve later is not made to wait.
func TestAnAddressWhereNothingAnswersYetIsRegistered(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true})
	w.front.Close()
	w.mend()
	w.hasWebhooks(secret)
}

func TestAFieldThatIsRefusedStopsNothingElse(t *testing.T) {
	t.Parallel()
	w := build(t, variant{bare: true})
	w.site.Fields[member.FactLabels] = "bad[name]"
	done := w.mend()
	failed := 0
	for _, a := range done {
		if a.Failed != "" {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("it did %v", done)
	}
	w.hasWebhooks(secret)
}

func TestOptionalFieldsAreCreatedOnlyWhereTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	w := build(t, variant{})
	w.site.Fields[member.FactTiers], w.site.Chosen = "level", []member.Fact{member.FactTiers}
	says(t, w.finds(map[string]string{"blog list_fields": "fail"}), "blog list_fields", "missing: level (Text)")
	w.mend()
	want := sevenFields()
	want["level"] = "Text"
	if diff := cmp.Diff(want, w.fieldTypes()); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}
