package campaignmonitor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

// The body as the vendor's own clients ship it for their tests, in our words.
const partial = `{"ResultData":{"TotalUniqueEmailsSubmitted":3,"TotalExistingSubscribers":2,"TotalNewSubscribers":0,
 "DuplicateEmailsInSubmission":["a@x.example"],
 "FailureDetails":[{"EmailAddress":"example+1@example","Code":1,"Message":"Invalid Email Address"}]},
 "Code":210,"Message":"Subscriber Import had some failures"}`

func TestAPartialImportIsASuccessWithFailures(t *testing.T) {
	t.Parallel()
	got, err := stubbed(t, respond(400, nil, "\ufeff"+partial)).Import(t.Context(), "l", cm.Import{})
	want := cm.ImportResult{Existing: 2, Duplicates: 1, Failures: []cm.ImportFailure{{Email: "example+1@example", Code: 1}}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
}

func TestAPartialImportWithoutReadableFailuresIsTransient(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"Code":210}`, `{"Code":210,"ResultData":null}`, `{"Code":210,"ResultData":{}}`,
		`{"Code":210,"ResultData":{"FailureDetails":[]}}`, `{"Code":210,"ResultData":{"FailureDetails":"many"}}`,
	} {
		got, err := stubbed(t, respond(400, nil, body)).Import(t.Context(), "l", cm.Import{})
		if cm.KindOf(err) != cm.Transient || cmp.Diff(cm.ImportResult{}, got) != "" {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestOnlyAnImportMayBePartial(t *testing.T) {
	t.Parallel()
	if err := stubbed(t, respond(400, nil, partial)).Update(t.Context(), "l", markedEmail, cm.Write{}); cm.KindOf(err) != cm.Transient {
		t.Errorf("got %v", err)
	}
}

func TestARefusedSubscriberOfAnImportIsJudgedLikeASingleWrite(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]cm.Kind{1: cm.InvalidAddress, 204: cm.OptedOut, 206: cm.OptedOut, 214: cm.InvalidRequest,
		429: cm.TooOften, -213: cm.InvalidRequest, 9999: cm.InvalidRequest, 500: cm.Transient} {
		err := cm.ImportFailure{Email: markedEmail, Code: code}.Err()
		if got := cm.KindOf(err); got != want {
			t.Errorf("code %d is %v, want %v", code, got, want)
		}
		mustNotLeak(t, "an import's failure", err)
	}
}

func TestKeysAreComparedWithoutBracketsSpacesAndCase(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"[ghost_status]", "ghost_status", "Ghost_Status", " [GHOST_status]", "ghost _status"} {
		if got := cm.NormalizeKey(key); got != "ghost_status" {
			t.Errorf("NormalizeKey(%q) = %q", key, got)
		}
	}
}

func TestOddlyTypedValuesLoseNoSubscriber(t *testing.T) {
	t.Parallel()
	body := `{"EmailAddress":"a@x.example","Name":null,"State":"Spam","Date":"2026-01-02 03:04:05","CustomFields":[{"Key":"[age]","Value":24},{"Key":"Sub Date","Value":null},{"Key":"vip","Value":true}],"New":{"x":1}}`
	got, err := stubbed(t, respond(200, nil, body)).Subscriber(t.Context(), "l", "a@x.example")
	want := cm.Subscriber{Email: "a@x.example", State: "Spam", Date: "2026-01-02 03:04:05",
		Fields: []cm.Field{{Key: "age", Value: "24"}, {Key: "subdate"}, {Key: "vip", Value: "true"}}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
}
