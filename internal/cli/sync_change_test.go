package cli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func changed() reconcile.Change {
	return reconcile.Change{
		Kind: reconcile.ChangeAddress, MemberID: "6b026e7238ffff682100000a", Name: "Jo\x1b[2J\u202eReed", Email: "jo@example.org", ToEmail: "reed@example.org",
		Fields: []reconcile.FieldChange{{Field: "ghost_status", From: "free", To: "paid"}, {Field: "name", From: "jo@example.org", To: "Jo"}},
		Handed: true,
	}
}

func TestAChangeIsALineOfFiveColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change reconcile.Change
		reveal bool
		want   string
	}{
		{changed(), false, "blog\tchange_address\tJo [2J Reed\tb6be3cb544f7\taddress → 946daaddfbb5, ghost_status \"free\" → \"paid\", name \"b6be3cb544f7\" → \"Jo\", by the queue\n"},
		{changed(), true, "blog\tchange_address\tJo [2J Reed\tjo@example.org\taddress → reed@example.org, ghost_status \"free\" → \"paid\", name \"jo@example.org\" → \"Jo\", by the queue\n"},
		{reconcile.Change{Kind: reconcile.Skip, MemberID: "6b026e7238ffff682100000a", Name: "\x00 ", Email: "jo@example.org", Reason: "opted_out"}, false,
			"blog\tskip\tmember 6b026e72\tb6be3cb544f7\topted_out\n"},
		{reconcile.Change{Kind: reconcile.Add, Name: "<Jo@Example.org>"}, false, "blog\tadd\tb6be3cb544f7\t-\t-\n"},
		{reconcile.Change{Kind: reconcile.Fail, Name: "Jo", Err: errors.New("two\nlines")}, false, "blog\tfail\tJo\t-\ttwo lines\n"},
	} {
		a, stdout, _ := testApp()
		if err := a.changeLine(viewChange("blog", c.change, c.reveal)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, stdout.String()); diff != "" {
			t.Errorf("reveal %t (-want +got)\n%s", c.reveal, diff)
		}
	}
}

func TestOnATerminalTheColumnsOfChangesStandUnderEachOther(t *testing.T) {
	t.Parallel()
	a, stdout, _ := testApp()
	a.terminal = true
	for _, name := range []string{"Jo", "Chloé Groß"} {
		if err := a.changeLine(viewChange("blog", reconcile.Change{Kind: reconcile.Add, Name: name, Email: "jo@example.org"}, false)); err != nil {
			t.Fatal(err)
		}
	}
	want := "blog  add             Jo                        b6be3cb544f7  -\nblog  add             Chloé Groß                b6be3cb544f7  -\n"
	if diff := cmp.Diff(want, stdout.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAChangeInJSONHasAddressesOnlyIfRevealed(t *testing.T) {
	t.Parallel()
	for _, reveal := range []bool{false, true} {
		raw, err := json.Marshal(viewChange("blog", changed(), reveal))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(raw), "@example.org"); got != reveal {
			t.Errorf("reveal %t: %s", reveal, raw)
		}
		if !strings.HasPrefix(string(raw), `{"type":"change","site":"blog","kind":"change_address","member_id":"6b026e7238ffff682100000a"`) {
			t.Errorf("%s", raw)
		}
	}
}
