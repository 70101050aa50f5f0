package cmtest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

func TestFieldsAreCreatedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	for name, want := range map[string]string{"Newsletter Format": "[NewsletterFormat]", "ghost_labels": "[ghost_labels]",
		"ghost_status": "[ghost_status]", "Signup Date": "[signupdate]"} { // the last two are there
		got, err := b.client.CreateField(t.Context(), b.list, name, "Text")
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	fields, err := b.client.Fields(t.Context(), b.list)
	if err != nil || len(fields) != 7 || cmp.Diff(cm.CustomField{Name: "signup date", Key: "[signupdate]", DataType: "Date"}, fields[1]) != "" {
		t.Errorf("%+v, %v", fields, err)
	}
}

func TestFieldDefinitionsAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	for body, code := range map[string]string{
		`{"FieldName":"","DataType":"Text"}`:                                         "254",
		`{"FieldName":"` + strings.Repeat("n", 101) + `","DataType":"Text"}`:         "254",
		`{"FieldName":"GHOST STATUS","DataType":"Text"}`:                             "",
		`{"FieldName":"Ghost_Status","DataType":"Text"}`:                             "255",
		`{"FieldName":"a","DataType":"Text","Options":["x"]}`:                        "256",
		`{"FieldName":"b","DataType":"MultiSelectOne","Options":[]}`:                 "257",
		`{"FieldName":"c","DataType":"Boolean"}`:                                     "259",
		`{"FieldName":"d","DataType":"Text","Options":[]}`:                           "",
		`{"fieldname":"e","datatype":"MultiSelectMany","options":["x","y"]}`:         "",
		`{"FieldName":7,"DataType":"Text"}`:                                          "400",
		`{"FieldName":"f","DataType":"Country","VisibleInPreferenceCenter":"False"}`: "",
	} {
		status, answer := raw{method: "POST", path: "/api/v3.3/lists/" + b.list + "/customfields.json", user: cmtest.DefaultKey, pass: "x", body: body}.send(t, b.Server)
		if code == "" && status != 201 || code != "" && !strings.Contains(answer, `"Code":`+code+",") {
			t.Errorf("%.60s: %d %s, want code %q", body, status, answer, code)
		}
	}
}

func TestRenamingAFieldChangesItsKey(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example", Fields: map[string]string{"ghost_status": "paid"}})
	base := "/api/v3.3/lists/" + b.list + "/customfields/"
	steps := []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"PUT", "ghost_status.json", `{"FieldName":"status"}`, 400, `"Code":253`},
		{"PUT", "%5Bghost_status%5D.json", `{"FieldName":"member status","VisibleInPreferenceCenter":true}`, 200, `"[memberstatus]"`},
		{"PUT", "%5Bghost_status%5D.json", `{"FieldName":"x"}`, 400, `"Code":253`},
		{"PUT", "%5Binterests%5D/options.json", `{"KeepExistingOptions":true,"Options":["naps"]}`, 200, ""},
		{"PUT", "%5Bage%5D/options.json", `{"KeepExistingOptions":false,"Options":["naps"]}`, 400, `"Code":256`},
		{"DELETE", "%5Bage%5D.json", "", 200, ""},
	}
	for _, s := range steps {
		status, answer := raw{method: s.method, path: base + s.path, user: cmtest.DefaultKey, pass: "x", body: s.body}.send(t, b.Server)
		if status != s.status || !strings.Contains(answer, s.answer) {
			t.Errorf("%s %s: %d %s", s.method, s.path, status, answer)
		}
	}
	if diff := cmp.Diff(map[string]string{"memberstatus": "paid"}, b.get(t, "a@x.example").Fields); diff != "" {
		t.Error(diff)
	}
}

func TestReadsGiveTheFieldsNameOrItsKey(t *testing.T) {
	t.Parallel()
	for _, bracketed := range []bool{false, true} {
		b := setup(t, cmtest.Options{BracketedKeys: bracketed})
		b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example", Fields: map[string]string{"signupdate": "2026-01-02", "interests": "magic,tea"}})
		want := `"Key":"signup date"`
		if bracketed {
			want = `"Key":"[signupdate]"`
		}
		_, body := raw{method: "GET", path: "/api/v3.3/subscribers/" + b.list + ".json?email=a@x.example", user: cmtest.DefaultKey, pass: "x"}.send(t, b.Server)
		if !strings.Contains(body, want) {
			t.Errorf("%s has no %s", body, want)
		}
		sub, err := b.client.Subscriber(t.Context(), b.list, "a@x.example")
		fields := []cm.Field{{Key: "signupdate", Value: "2026-01-02"}, {Key: "interests", Value: "magic"}, {Key: "interests", Value: "tea"}}
		if err != nil || cmp.Diff(fields, sub.Fields) != "" {
			t.Errorf("%+v, %v", sub, err)
		}
	}
}

func TestAListThatIsNotThereIsRefusedAsConfigured(t *testing.T) {
	t.Parallel()
	for want, o := range map[cmtest.Refusal]cmtest.Options{
		{Status: 400, Code: 101}: {},
		{Status: 401, Code: 102}: {UnknownList: cmtest.Refusal{Status: 401, Code: 102}},
	} {
		_, err := setup(t, o).client.List(t.Context(), "nowhere")
		var e *cm.Error
		if !errors.As(err, &e) || (cmtest.Refusal{Status: e.Status, Code: e.Code}) != want || cm.KindOf(err) != cm.Config {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}
