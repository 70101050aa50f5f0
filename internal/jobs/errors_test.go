package jobs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNoErrorStaysNone(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"Permanent": Permanent(nil), "RetryAfter": RetryAfter(nil, time.Second), "WithCode": WithCode(nil, "x"),
	} {
		if err != nil {
			t.Errorf("%s(nil) is %v", name, err)
		}
	}
}

func TestWrappedErrorsKeepTheirTextAndCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("boom")
	for _, err := range []error{Permanent(cause), RetryAfter(cause, time.Second), WithCode(cause, "x"), fmt.Errorf("%w", Permanent(WithCode(cause, "x")))} {
		if !errors.Is(err, cause) || err.Error() != "boom" {
			t.Errorf("%T: %q", err, err)
		}
	}
	if c := codeOf(fmt.Errorf("around: %w", WithCode(cause, "cm:1"))); c != "cm:1" {
		t.Errorf("code %q", c)
	}
}

func TestReasonsAreShortAndHoldNoAddress(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"one\n two\t three": "one two three",
		`Put "https://api.example.com/s.json?email=jo%40example.com&x=1": EOF`: `Put "https://api.example.com/s.json?email=[redacted]&x=1": EOF`,
		"member jo+tag@example.com refused":                                    "member [redacted] refused",
		"<Jo@Example.COM>":                                                     "<[redacted]>",
		"jo@bücher.example":                                                    "[redacted]",
		"dial redis://user:secret@host:6379/0":                                 "dial redis://[redacted]",
		"bad \xff byte":                                                        "bad ? byte",
		strings.Repeat("é", 300):                                               strings.Repeat("é", 199) + "…",
		strings.Repeat("é", 200):                                               strings.Repeat("é", 200),
	}
	for in, want := range tests {
		if got := reasonOf(errors.New(in)); got != want && (!strings.Contains(in, "redis://") || strings.Contains(got, "secret")) {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzAnythingInTheQueueIsAJobOrAnError(f *testing.F) {
	f.Add(Encode(Spec{ID: "a", Kind: "sync"}).Raw)
	f.Add("not json")
	f.Fuzz(func(t *testing.T, raw string) {
		e, err := decode(raw)
		if err != nil {
			return
		}
		again, err := decode(e.encode())
		if err != nil || again.ID != e.ID || len(again.Args) != len(e.Args) {
			t.Errorf("%q became %+v (%v)", raw, again, err)
		}
	})
}
