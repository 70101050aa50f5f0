package dashboard

import (
	"strings"
	"testing"
	"time"
)

func TestWhatWaitsOnDiskIsToldOnlyIfSomethingDoes(t *testing.T) {
	t.Parallel()
	if told := spoolNeeds(Spool{}); told != nil {
		t.Errorf("of nothing: %+v", told)
	}
	if told := spoolNeeds(Spool{2, 3 * time.Minute}); len(told) != 1 || !strings.Contains(told[0].Text, "2 webhooks wait") || !strings.Contains(told[0].Text, "3 min") {
		t.Errorf("of two: %+v", told)
	}
}

func TestAdviceSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"cm:1": "Correct it in Ghost", "cm:211": "Correct it in Ghost", "cm:500": "Campaign Monitor’s own", "ghost:503": "Ghost’s own", "timeout": "too long",
		"": "Mend what the reason names", "cm:50": "Mend what the reason names", "<b>:500": "Mend what the reason names",
	} {
		if got := advice(code); !strings.Contains(got, want) {
			t.Errorf("of %q: %q", code, got)
		}
	}
}

func TestSpansAndNumbersAreForPeople(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 1500 * time.Microsecond: "1.5 ms", 999 * time.Millisecond: "999 ms", 3200 * time.Millisecond: "3.2 s", 59 * time.Second: "59 s",
		90 * time.Minute: "1 h 30 min", 2 * time.Hour: "2 h", 47 * time.Hour: "47 h", 49 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1000: "-1\u202f000"} {
		if got := num(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

func TestOnlyPagesOfTheDashboardAreGoneTo(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/dashboard/letters?site=blog": "/dashboard/letters?site=blog", "/dashboard": "/dashboard", "": Base, "/": Base, "//evil.example/dashboard": Base,
		"https://evil.example/dashboard": Base, "/dashboard/..//evil": Base, "/dashboard\n": Base, "/dashboard\\..": Base, "/dashboardx": Base,
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}
