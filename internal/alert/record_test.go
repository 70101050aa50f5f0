package alert

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// tale is one alert's record over time; each message that is sent becomes a word
// of it.
type tale struct {
	kind Kind
	record
	now  time.Time
	told []string
	ids  int
}

func newTale(k Kind) *tale { return &tale{kind: k, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

// pass sends what is due by then, minute by minute, and says what was told.
func (s *tale) pass(minutes int) string {
	s.told = nil
	for range minutes * 60 {
		if s.claim() {
			s.told = append(s.told, fmt.Sprintf("%s %d", s.Sending.Status, s.Sending.Count))
			s.record = s.delivered(s.Sending.ID)
		}
		s.now = s.now.Add(time.Second)
	}
	return strings.Join(s.told, ", ")
}

// claim takes what is due, as a process does; the record goes through its kept form.
func (s *tale) claim() bool {
	s.record = decode(s.encode())
	if s.due(s.kind, s.now) == "" {
		return false
	}
	s.ids++
	s.record = s.claimed(s.kind, s.now, fmt.Sprint("id", s.ids))
	return true
}

func (s *tale) die(n int) { s.record = s.happened(n, s.now, "") }
func (s *tale) begin()    { s.record = s.began(s.now, "") }
func (s *tale) end()      { s.record = s.ended(s.now) }

func want(t *testing.T, when, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: told %q, want %q", when, got, want)
	}
}

func TestDeathsAreToldAtOnceAndThenAddedUp(t *testing.T) {
	t.Parallel()
	s := newTale(DeadLetters)
	s.die(3)
	want(t, "at once", s.pass(1), "open 3")
	s.die(40)
	want(t, "soon after", s.pass(10), "")
	s.die(2)
	want(t, "a quarter of an hour after the first", s.pass(10), "open 42")
	want(t, "when nothing dies", s.pass(60), "")
	s.die(1)
	want(t, "long after", s.pass(1), "open 1")
}

func TestWhatLastsIsToldOnceAndItsEndOnce(t *testing.T) {
	t.Parallel()
	s := newTale(Paused)
	s.begin()
	want(t, "at once", s.pass(1), "open 1")
	s.begin()
	want(t, "while it lasts", s.pass(600), "")
	s.end()
	want(t, "at its end", s.pass(1), "resolved 0")
	s.end()
	want(t, "afterwards", s.pass(600), "")
	s.begin()
	want(t, "when it begins again", s.pass(1), "open 1")
}

func TestWhatComesAndGoesIsToldOnceInAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	s := newTale(Breaker)
	s.begin()
	want(t, "first", s.pass(1), "open 1")
	s.end()
	want(t, "its end", s.pass(1), "resolved 0")
	for range 3 {
		s.begin()
		s.pass(1)
		want(t, "again", strings.Join(s.told, ""), "")
		s.end()
		want(t, "over again", s.pass(1), "")
	}
	s.begin()
	want(t, "the last time, which stays", s.pass(20), "open 4")
}

func TestAnEndThatNobodyHeardTheBeginningOfIsNotTold(t *testing.T) {
	t.Parallel()
	s := newTale(QueueStuck)
	s.begin()
	s.end()
	want(t, "ever", s.pass(30), "")
	if !s.over(s.kind, s.now, true) {
		t.Error("its record is kept for ever")
	}
}

func TestAMessageWhoseSenderDiedIsSentAgainWithItsID(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{DeadLetters, Paused} {
		s := newTale(k)
		if k.happens() {
			s.die(7)
		} else {
			s.begin()
		}
		s.claim()
		first := *s.Sending
		if s.claim() {
			t.Errorf("%s: two processes send it at once", k)
		}
		if k.happens() {
			s.die(5)
		}
		s.now = s.now.Add(sendingFor)
		if !s.claim() || s.Sending.ID != first.ID || s.Sending.Count != first.Count {
			t.Errorf("%s: sent again as %+v, not %+v", k, s.Sending, first)
		}
		if late := s.delivered("another"); late.Sending == nil {
			t.Errorf("%s: a sender ended what is another's", k)
		}
	}
}

// The person may have heard of it: its end is told also then.
func TestTheEndIsToldThoughTheSenderOfTheBeginningDied(t *testing.T) {
	t.Parallel()
	s := newTale(Silence)
	s.begin()
	s.claim()
	s.end()
	want(t, "afterwards", s.pass(10), "resolved 0")
}

func TestWhatWasNotDeliveredIsAddedUp(t *testing.T) {
	t.Parallel()
	s := newTale(DeadLetters)
	began := s.now
	s.die(3)
	s.claim()
	s.now = s.now.Add(time.Second)
	s.die(4)
	s.record = s.failed(s.Sending.ID, s.now.Add(5*time.Minute))
	if s.Count != 7 || !s.Since.Equal(began) {
		t.Errorf("%d since %s", s.Count, s.Since)
	}
	want(t, "before its time", s.pass(4), "")
	want(t, "at its time", s.pass(2), "open 7")
}

func TestABeginningThatWasNotDeliveredIsNotToldOnceItIsOver(t *testing.T) {
	t.Parallel()
	s := newTale(Paused)
	s.begin()
	s.claim()
	s.end()
	s.record = s.failed(s.Sending.ID, s.now.Add(time.Minute))
	want(t, "ever", s.pass(60), "")
}

func TestRecordsAreForgottenWhenNothingIsLost(t *testing.T) {
	t.Parallel()
	s := newTale(Paused)
	s.begin()
	s.pass(60)
	if s.over(s.kind, s.now, true) || s.over(s.kind, s.now, false) {
		t.Error("forgotten while it lasts")
	}
	s.pass(24 * 60)
	if s.over(s.kind, s.now, true) || !s.over(s.kind, s.now, false) {
		t.Error("a site that nobody looks at is kept for ever, or one that is looked at is not")
	}
	s.end()
	s.pass(1)
	if s.over(s.kind, s.now, true) {
		t.Error("forgotten before it may be told again")
	}
	s.pass(16)
	if !s.over(s.kind, s.now, true) {
		t.Error("kept though it is over")
	}
}

func TestABrokenRecordIsNone(t *testing.T) {
	t.Parallel()
	if got := decode(`{"count":"many"`); got != (record{}) {
		t.Errorf("got %+v", got)
	}
	for _, name := range []string{"", "paused", "of_a_newer_version:blog"} {
		if k, _, ok := parse(name); ok {
			t.Errorf("%q is %s", name, k)
		}
	}
}
