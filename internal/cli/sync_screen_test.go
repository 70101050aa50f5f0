package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func TestAPipeGetsALineAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &screen{out: &out, now: time.Now}
		for i := range 150 { // a second each
			s.progress("blog", reconcile.Progress{Phase: reconcile.Members, Done: i * 10, Total: 6000})
			time.Sleep(time.Second)
		}
		s.progress("blog", reconcile.Progress{Phase: reconcile.Queue, Done: 1})
		time.Sleep(30 * time.Second)
		s.progress("blog", reconcile.Progress{Phase: reconcile.Queue, Done: 3})
		want := "blog: comparing members: 600 of 6000, 10/s, 9m left\nblog: comparing members: 1200 of 6000, 10/s, 8m left\n" +
			"blog: waiting for the queue: 3, 0.1/s\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestATerminalGetsABarWithRateAndTimeLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &screen{out: &out, terminal: true, now: time.Now}
		for i := range 20 {
			s.progress("bl\x1bog", reconcile.Progress{Phase: reconcile.Members, Done: i * 100, Total: 6000})
			time.Sleep(time.Second)
		}
		frames := strings.Split(out.String(), "\r")
		last := frames[len(frames)-1]
		for _, part := range []string{"bl og: comparing members", "31%", "(1900/6000, 100 it/s)", "[19s:41s]"} {
			if !strings.Contains(last, part) {
				t.Errorf("%q is not in the last frame, %q", part, last)
			}
		}
		if strings.Contains(out.String(), "\n") {
			t.Errorf("the bar leaves its line: %q", out.String())
		}
	})
}

func TestABarGoesOnWhenThereIsMoreThanThereSeemedToBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &screen{out: &out, terminal: true, now: time.Now}
		s.progress("blog", reconcile.Progress{Phase: reconcile.Listing})
		time.Sleep(time.Second)
		for _, p := range []reconcile.Progress{{Done: 5}, {Done: 10, Total: 10}, {Done: 12, Total: 20}, {Done: 25, Total: 20}, {Done: 26, Total: 40}} {
			p.Phase = reconcile.Listing
			s.progress("blog", p)
			time.Sleep(time.Second)
			frames := strings.Split(out.String(), "\r")
			want := fmt.Sprintf("(%d/", p.Done)
			if last := frames[len(frames)-1]; !strings.Contains(last, want) {
				t.Errorf("after %+v the bar is %q", p, last)
			}
		}
	})
}

// A line that is written over a bar would have the bar's rest behind it.
func TestWhateverIsWrittenTakesTheBarAwayFirst(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &screen{out: &out, terminal: true, now: time.Now}
	stdout := s.under(&out)
	for i, line := range []string{"to stderr\n", "to stdout\n"} {
		s.progress("blog", reconcile.Progress{Phase: reconcile.Members, Done: i + 1, Total: 10})
		out.Reset()
		if i == 0 {
			fmt.Fprint(s, line)
		} else {
			fmt.Fprint(stdout, line)
		}
		if got, want := out.String(), "\x1b[2K\r"+line; got != want {
			t.Errorf("wrote %q, want %q", got, want)
		}
		s.done()
	}
}
