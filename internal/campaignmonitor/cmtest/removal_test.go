package cmtest_test

import (
	"testing"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

func TestTheReachOfAnUnsubscribeIsTheListsSetting(t *testing.T) {
	t.Parallel()
	ways := map[string]func(bench) error{
		"by the API": func(b bench) error { return b.client.Unsubscribe(t.Context(), b.list, "A@x.example") },
		"in person":  func(b bench) error { b.SetState(b.list, "a@x.example", "Unsubscribed"); return nil },
	}
	for name, unsubscribe := range ways {
		for setting, elsewhere := range map[string]string{"AllClientLists": "Unsubscribed", "OnlyThisList": "Active"} {
			b := setup(t, cmtest.Options{})
			b.SetUnsubscribeSetting(b.list, setting)
			other := b.CreateList(cmtest.ListOptions{Title: "Other", UnsubscribeSetting: "OnlyThisList"})
			foreign := b.CreateList(cmtest.ListOptions{Title: "Foreign", Client: "another"})
			for _, list := range []string{b.list, other, foreign} {
				b.Seed(list, cmtest.Subscriber{Email: "a@x.example"})
			}
			if err := unsubscribe(b); err != nil {
				t.Fatal(err)
			}
			for list, want := range map[string]string{b.list: "Unsubscribed", other: elsewhere, foreign: "Active"} {
				if sub, _ := b.Subscriber(list, "a@x.example"); sub.State != want {
					t.Errorf("%s, %s: %s, want %s", name, setting, sub.State, want)
				}
			}
			if got := b.Suppressed(cmtest.DefaultClient, "a@x.example"); got != (setting == "AllClientLists") {
				t.Errorf("%s, %s: suppressed is %v", name, setting, got)
			}
		}
	}
}

func TestASuppressedAddressCannotJoinAListThatHeedsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.Suppress(cmtest.DefaultClient, "a@x.example")
	w := cm.Write{Email: "A@x.example"}
	if got := b.importOne(t, w, cm.Import{}); got != 204 {
		t.Errorf("code %d, want 204", got)
	}
	if got := b.importOne(t, w, cm.Import{Resubscribe: true}); got != 0 || b.get(t, "a@x.example").State != "Active" {
		t.Errorf("with Resubscribe: code %d", got)
	}
	if !b.Suppressed(cmtest.DefaultClient, "a@x.example") {
		t.Error("resubscribing took the address off the suppression list")
	}
	b.list = b.CreateList(cmtest.ListOptions{Title: "Heedless", UnsubscribeSetting: "OnlyThisList"})
	if got := b.importOne(t, w, cm.Import{}); got != 0 {
		t.Errorf("a list that does not use the suppression list refuses with %d", got)
	}
}

func TestADeletedSubscriberStaysReadableAndUnsuppressed(t *testing.T) {
	t.Parallel()
	for before, after := range map[string]string{"Active": "Deleted", "Unconfirmed": "Deleted", "Deleted": "Deleted", "Unsubscribed": "Unsubscribed", "Bounced": "Bounced"} {
		b := setup(t, cmtest.Options{})
		b.Seed(b.list, cmtest.Subscriber{Email: "a+b@x.example", State: before})
		if err := b.client.Delete(t.Context(), b.list, "a+b@x.example"); err != nil {
			t.Fatal(err)
		}
		sub, err := b.client.Subscriber(t.Context(), b.list, "a+b@x.example")
		if err != nil || sub.State != after || b.Suppressed(cmtest.DefaultClient, "a+b@x.example") {
			t.Errorf("%s: %+v, %v, want %s", before, sub, err, after)
		}
	}
}

func TestListsTellTheirSettings(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	id := b.CreateList(cmtest.ListOptions{Title: "Double", ConfirmedOptIn: true, UnsubscribeSetting: "OnlyThisList"})
	for list, want := range map[string]cm.List{
		b.list: {Title: "News", UnsubscribeSetting: cm.AllClientLists},
		id:     {Title: "Double", ConfirmedOptIn: true, UnsubscribeSetting: "OnlyThisList"},
	} {
		if got, err := b.client.List(t.Context(), list); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
}
