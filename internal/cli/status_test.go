package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/store"
)

func TestASiteIsOpenOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		gate store.Gate
		want gateView
	}{
		{store.Gate{Open: true, Failures: map[string]int{"ghost": 3}}, gateView{Name: "blog", Gate: "open"}},
		{store.Gate{Reason: "it does not answer", Since: since}, gateView{Name: "blog", Gate: "breaker", Reason: "it does not answer", Since: &since}},
		{store.Gate{Paused: true, Reason: "refused", Since: since}, gateView{Name: "blog", Gate: "paused", Reason: "refused", Since: &since}},
	} {
		if diff := cmp.Diff(c.want, viewGate("blog", c.gate)); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", c.gate, diff)
		}
	}
}

// glance is a status with something in each table.
func glance() statusView {
	started := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	return viewStatus(program.Overview{
		Queue: jobs.Stats{Depth: 2, Oldest: 61 * time.Second, Running: 1, Retrying: 4, Dead: 5}, Inbox: store.Backlog{Members: 6},
		Workers: []jobs.Worker{{Host: "one", PID: 7, Running: 1, Concurrency: 10, StartedAt: started}},
		Sites:   []program.SiteState{{Name: "blog", Gate: store.Gate{Paused: true, Reason: "refused", Since: started}}},
	})
}

func TestStatusIsTablesOnATerminalAndNamedLinesInAPipe(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC) }
	a, stdout, _ := testApp()
	a.now = clock
	if err := a.statusTables(glance(), true); err != nil {
		t.Fatal(err)
	}
	want := "queue\t2\t1m1s\t1\t4\t5\t6\t1\nsite\tblog\tpaused\t1h ago\trefused\t-\t-\nworker\tone\t7\t1\t10\t1h\n"
	if diff := cmp.Diff(want, stdout.String()); diff != "" {
		t.Errorf("piped (-want +got)\n%s", diff)
	}

	a, stdout, _ = testApp()
	a.now, a.terminal = clock, true
	if err := a.statusTables(glance(), false); err != nil {
		t.Fatal(err)
	}
	var words []string
	for line := range strings.Lines(stdout.String()) {
		words = append(words, strings.Join(strings.Fields(line), " "))
	}
	want = "\nQUEUED OLDEST RUNNING RETRYING DEAD LETTERS MEMBERS WAITING WORKERS\n2 1m1s 1 4 5 6 1\n\nSITE GATE SINCE REASON CAUGHT UP NEXT\nblog paused 1h ago refused - -"
	if diff := cmp.Diff(want, strings.Join(words, "\n")); diff != "" {
		t.Errorf("on a terminal (-want +got)\n%s", diff)
	}
}

func TestWatchingRedrawsUntilCtrlCAndOutlastsARedisThatGoesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, stdout, stderr := testApp()
		a.now, a.terminal = time.Now, true
		asked := 0
		read := func(context.Context) (statusView, error) {
			if asked++; asked == 2 {
				return statusView{}, errors.New("Redis does not answer")
			}
			return glance(), nil
		}
		ctx, ctrlC := context.WithTimeout(t.Context(), 5*time.Second)
		defer ctrlC()
		if err := a.watchStatus(ctx, statusOptions{watch: true}, read); err != nil {
			t.Fatalf("Ctrl-C is no failure, but: %v", err)
		}
		if asked != 3 || strings.Count(stdout.String(), clearScreen) != 2 || stderr.String() != "ghostcm: Redis does not answer\n" {
			t.Errorf("asked %d times in 5 s; stderr %q; stdout\n%s", asked, stderr, stdout)
		}
	})
}

func TestWatchingFromAProgramIsADocumentALine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, stdout, _ := testApp()
		ctx, ctrlC := context.WithTimeout(t.Context(), 3*time.Second)
		defer ctrlC()
		read := func(context.Context) (statusView, error) { return glance(), nil }
		if err := a.watchStatus(ctx, statusOptions{watch: true, asJSON: true}, read); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], `{"queue":{"depth":2,`) {
			t.Errorf("%d lines: %s", len(lines), stdout)
		}
	})
}

func TestWatchingARedisThatNeverAnsweredIsAFailure(t *testing.T) {
	t.Parallel()
	a, _, _ := testApp()
	away := errors.New("Redis does not answer")
	read := func(context.Context) (statusView, error) { return statusView{}, away }
	if err := a.watchStatus(t.Context(), statusOptions{watch: true, asJSON: true}, read); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
}
