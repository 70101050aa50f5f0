package cmtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

func TestValuesAreTakenOrDroppedWithoutAWord(t *testing.T) {
	t.Parallel()
	table := []struct {
		field     cm.Field
		want      map[string]string
		violation string
	}{
		{cm.Field{Key: "ghost_status", Value: "paid"}, map[string]string{"ghost_status": "paid"}, ""},
		{cm.Field{Key: "[ghost_status]", Value: "paid"}, map[string]string{"ghost_status": "paid"}, ""},
		{cm.Field{Key: "signup date", Value: "2026/01/02"}, map[string]string{"signupdate": "2026-01-02"}, ""},
		{cm.Field{Key: "[signupdate]", Value: "2026-01-02"}, map[string]string{"signupdate": "2026-01-02"}, ""},
		{cm.Field{Key: "signupdate", Value: "1900/01/01"}, map[string]string{"signupdate": "1900-01-01"}, ""},
		{cm.Field{Key: "signupdate", Value: "1899/12/31"}, map[string]string{}, "date-ignored"},
		{cm.Field{Key: "signupdate", Value: "2076/06/06"}, map[string]string{"signupdate": "2076-06-06"}, ""},
		{cm.Field{Key: "signupdate", Value: "2076/06/07"}, map[string]string{}, "date-ignored"},
		{cm.Field{Key: "signupdate", Value: "02/01/2026"}, map[string]string{}, "date-ignored"},
		{cm.Field{Key: "signupdate", Value: "2026-01-02T03:04:05Z"}, map[string]string{}, "date-ignored"},
		{cm.Field{Key: "size", Value: "M"}, map[string]string{"size": "M"}, ""},
		{cm.Field{Key: "size", Value: "XL"}, map[string]string{}, "bad-option"},
		{cm.Field{Key: "age", Value: "old"}, map[string]string{}, "bad-number"},
		{cm.Field{Key: "Ghost_Status", Value: "paid"}, map[string]string{}, "unknown-field"},
		{cm.Field{Key: "nothing", Value: "x"}, map[string]string{}, "unknown-field"},
		{cm.Field{Key: "ghost_status", Value: ""}, map[string]string{}, "empty-value"},
		{cm.Field{Key: "ghost_status", Value: "a\nb"}, map[string]string{"ghost_status": "a\nb"}, "control-character"},
		{cm.Field{Key: "ghost_status", Value: "a\u202eb"}, map[string]string{"ghost_status": "a\u202eb"}, "control-character"},
		{cm.Field{Key: "ghost_status", Value: strings.Repeat("é", 250)}, map[string]string{"ghost_status": strings.Repeat("é", 250)}, ""},
		{cm.Field{Key: "ghost_status", Value: strings.Repeat("é", 251)}, map[string]string{"ghost_status": strings.Repeat("é", 250)}, "value-too-long"},
		{cm.Field{Key: "ghost_status", Value: strings.Repeat("😀", 126)}, map[string]string{"ghost_status": strings.Repeat("😀", 125)}, "value-too-long"},
	}
	for _, row := range table {
		t.Run(fmt.Sprintf("%s=%.20q", row.field.Key, row.field.Value), func(t *testing.T) {
			t.Parallel()
			b := setup(t, cmtest.Options{})
			if code := b.importOne(t, cm.Write{Email: "a@x.example", Fields: []cm.Field{row.field}}, cm.Import{}); code != 0 {
				t.Fatalf("refused with %d", code)
			}
			if diff := cmp.Diff(row.want, b.get(t, "a@x.example").Fields); diff != "" {
				t.Error(diff)
			}
			if got := strings.Join(b.kinds(), " "); got != row.violation {
				t.Errorf("violations %q, want %q", got, row.violation)
			}
		})
	}
}

func TestClearingRemovesValues(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	before := map[string]string{"ghost_status": "a, b", "signupdate": "2026-01-02", "interests": "magic,walks,tea", "age": "7"}
	b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example", Fields: before})
	steps := []struct {
		fields []cm.Field
		want   map[string]string
	}{
		{[]cm.Field{{Key: "ghost_status", Clear: true}, {Key: "signupdate", Value: "0000-00-00"}},
			map[string]string{"interests": "magic,walks,tea", "age": "7"}},
		{[]cm.Field{{Key: "interests", Value: "walks", Clear: true}}, map[string]string{"interests": "magic,tea", "age": "7"}},
		{[]cm.Field{{Key: "interests", Value: "walks"}, {Key: "interests", Value: "tea"}}, map[string]string{"interests": "walks,tea", "age": "7"}},
		{[]cm.Field{{Key: "interests", Clear: true}, {Key: "age", Clear: true}}, map[string]string{}},
	}
	for _, step := range steps {
		if err := b.client.Update(t.Context(), b.list, "a@x.example", cm.Write{Email: "a@x.example", Fields: step.fields}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, b.get(t, "a@x.example").Fields); diff != "" {
			t.Error(diff)
		}
	}
	if len(b.Violations()) != 0 {
		t.Errorf("%v", b.Violations())
	}
}

func TestClearIsNoPartOfASingleAdd(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.Seed(b.list, cmtest.Subscriber{Email: "a@x.example", Fields: map[string]string{"age": "7"}})
	status, _ := add(t, b, `{"EmailAddress":"a@x.example","ConsentToTrack":"No","CustomFields":[{"Key":"age","Value":"","Clear":true}]}`)
	if status != 201 || b.get(t, "a@x.example").Fields["age"] != "7" || !slices.Equal(b.kinds(), []string{"clear-on-add"}) {
		t.Errorf("%d, %+v, %v", status, b.get(t, "a@x.example"), b.kinds())
	}
}

func TestTheNameIsHeldToTheSameRules(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.importOne(t, cm.Write{Email: "a@x.example", Name: strings.Repeat("n", 251) + "\x07"}, cm.Import{})
	if got := b.kinds(); !slices.Equal(got, []string{"control-character", "value-too-long"}) {
		t.Errorf("violations %v", got)
	}
}

func TestBytesThatAreNoTextAreAViolation(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	status, _ := add(t, b, "{\"EmailAddress\":\"a@x.example\",\"Name\":\"\xff\",\"ConsentToTrack\":\"No\"}")
	if status != 201 || !slices.Equal(b.kinds(), []string{"invalid-utf8"}) {
		t.Errorf("%d, %v", status, b.kinds())
	}
}
