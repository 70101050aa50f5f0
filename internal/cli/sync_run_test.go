package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// syncOf plays a sync of the sites blog and shop, whose Ghosts and lists are a function.
func syncOf(t *testing.T, a *app, o syncOptions, run runner) error {
	t.Helper()
	newRootCommand(a) // has the flags of the settings
	wanted, err := o.request(a)
	if err != nil {
		t.Fatal(err)
	}
	s := a.newSyncing(config.Log{Format: "text"}, o)
	s.banner()
	s.sites(t.Context(), []config.Site{site("blog", 1), site("shop", 3)}, wanted, run)
	return s.conclude()
}

func site(name string, n int) config.Site {
	return config.Site{Name: name, N: n, GhostAdminAPIKey: config.NewSecret("a-key")}
}

func report() reconcile.Report {
	began := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	return reconcile.Report{
		RunID: "r1", Members: 30, Subscribers: 29, Active: 20, Calls: 4, Began: began, Ended: began.Add(1500 * time.Millisecond),
		Counts:  map[reconcile.Kind]int{reconcile.Add: 3, reconcile.Update: 2, reconcile.Skip: 5, reconcile.Unchanged: 20},
		Skipped: map[reconcile.Reason]int{reconcile.OptedOut: 4, reconcile.Bounced: 1}, Handed: 3, HandedDone: 2, HandedWaiting: 1,
		NotInGhost: 6, Journal: "/var/lib/ghostcm/runs/r1.ndjson",
	}
}

func TestTheCountsAreALineEach(t *testing.T) {
	t.Parallel()
	a, stdout, stderr := testApp()
	err := syncOf(t, a, syncOptions{}, func(_ context.Context, site string, _ reconcile.Request) (reconcile.Report, error) {
		if site == "shop" {
			return reconcile.Report{RunID: "r2", Began: time.Unix(1, 0), Ended: time.Unix(2, 0), Resumed: true}, nil
		}
		return report(), nil
	})
	want := "sync\tblog\tadd\t3\t-\nsync\tblog\tupdate\t2\t-\nsync\tblog\tunchanged\t20\t-\n" +
		"sync\tblog\tskip\t1\tbounced\nsync\tblog\tskip\t4\topted_out\nsync\tblog\tleft alone\t6\tnot in Ghost, see --prune\n" +
		"sync\tblog\tby the queue\t2\tdone\nsync\tblog\tby the queue\t1\twaiting, see ghostcm status\nsync\tshop\tunchanged\t0\t-\n"
	if diff := cmp.Diff(want, stdout.String()); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	want = "blog: compared 30 members and 29 subscribers in 1.5s, with 4 calls to Campaign Monitor.\n" +
		"blog: ghostcm sync revert r1 undoes this run.\n" +
		"shop: compared 0 members and 0 subscribers in 1s, with 0 calls to Campaign Monitor; went on where the last run had stopped.\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Errorf("stderr (-want +got)\n%s", diff)
	}
}

func TestADryRunSaysSoLoudlyAndInWhichDirection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o      syncOptions
		banner string
		code   int
	}{
		{syncOptions{dryRun: true}, "DRY RUN: Ghost → Campaign Monitor", codeDone},
		{syncOptions{dryRun: true, exitCode: true}, "DRY RUN: Ghost → Campaign Monitor", codeFound},
		{syncOptions{dryRun: true, optOuts: true}, "DRY RUN: Ghost → Campaign Monitor, and opt-outs Campaign Monitor → Ghost", codeUsage},
	} {
		a, stdout, stderr := testApp()
		a.terminal = true
		err := syncOf(t, a, c.o, func(context.Context, string, reconcile.Request) (reconcile.Report, error) {
			planned := report()
			planned.Journal = ""
			return planned, nil
		})
		if got := a.code(err); got != c.code {
			t.Errorf("%+v: exit code %d, want %d", c.o, got, c.code)
		}
		if !strings.HasPrefix(stderr.String(), c.banner+"; nothing is written anywhere.\n") || !strings.HasSuffix(stderr.String(), "DRY RUN: nothing was written.\n") {
			t.Errorf("stderr: %s", stderr)
		}
		if shown := strings.Contains(stdout.String(), "\n"+c.banner+"\n"); shown != (c.code != codeUsage) {
			t.Errorf("the table: %s", stdout)
		}
		if strings.Contains(stderr.String(), "revert") {
			t.Errorf("there is nothing to undo: %s", stderr)
		}
	}
}

func TestEverySitesEndHasItsCodeAndTheWorstCounts(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	partly := report()
	partly.Failed = 1
	dead := report()
	dead.HandedFailed = 1
	for name, c := range map[string]struct {
		report reconcile.Report
		err    error
		code   int
		text   string
	}{
		"done":        {report(), nil, 0, ""},
		"failures":    {partly, nil, 3, "some members failed; ghostcm dlq list tells which and why"},
		"dead":        {dead, nil, 3, "some members failed; ghostcm dlq list tells which and why"},
		"fields":      {reconcile.Report{}, &reconcile.FieldsMissingError{Fields: []string{"ghost_status", "ghost_labels"}}, 2, "the list has no ghost_status, ghost_labels, and Campaign Monitor drops silently what it has no field for; make them with ghostcm doctor blog --fix, or by hand"},
		"key":         {reconcile.Report{}, reconcile.ErrNoAdminKey, 2, "SITE1_GHOST_ADMIN_API_KEY is not set, and without it nobody can read Ghost's members; take it from a custom integration in Ghost, and set SITE1_GHOST_URL as well"},
		"locked":      {reconcile.Report{}, fmt.Errorf("run: %w", &reconcile.ErrLocked{Since: since, Who: "sync on vm, pid 7"}), 75, "another sync is at it since 2026-11-22T15:04:05Z: sync on vm, pid 7; wait for it to end"},
		"ghost's key": {reconcile.Report{}, fmt.Errorf("walk: %w", &ghost.Error{Op: "members", Status: http.StatusUnauthorized}), 4, "walk: ghost members: credentials (status 401); check SITE1_GHOST_ADMIN_API_KEY and CM_API_KEY"},
		"cm's key":    {reconcile.Report{}, &campaignmonitor.Error{Op: "list_read", Status: 401, Code: 100}, 4, "campaign monitor: list_read: the API key is not valid (code 100, HTTP 401); check SITE1_GHOST_ADMIN_API_KEY and CM_API_KEY"},
		"ghost down":  {reconcile.Report{}, &ghost.Error{Op: "members", Status: 503}, 1, "ghost members: transient (status 503); run the same command again to resume"},
		"interrupted": {report(), fmt.Errorf("walk: %w", context.Canceled), 130, "interrupted; run the same command again to resume"},
	} {
		a, stdout, stderr := testApp()
		err := syncOf(t, a, syncOptions{asJSON: true}, func(_ context.Context, site string, _ reconcile.Request) (reconcile.Report, error) {
			if site == "shop" {
				return report(), nil
			}
			return c.report, c.err
		})
		if got := a.code(err); got != c.code {
			t.Errorf("%s: exit code %d, want %d", name, got, c.code)
		}
		var doc struct{ Runs []runView }
		if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil || len(doc.Runs) != 2 {
			t.Fatalf("%s: %v, %d runs", name, err, len(doc.Runs))
		}
		if got := doc.Runs[0]; got.ExitCode != c.code || got.Error != c.text {
			t.Errorf("%s: code %d, %q, want %q", name, got.ExitCode, got.Error, c.text)
		}
		if doc.Runs[1].ExitCode != 0 {
			t.Errorf("%s: the other site was not synced", name)
		}
		if c.text != "" && !strings.Contains(stderr.String(), "ghostcm: blog: "+c.text+"\n") {
			t.Errorf("%s: stderr %q", name, stderr)
		}
	}
}

func TestTheGraverExitCodeWins(t *testing.T) {
	t.Parallel()
	rising := []int{0, 5, 3, 75, 1, 2, 4, 130}
	for i, a := range rising {
		for j, b := range rising {
			if got, want := worse(a, b), rising[max(i, j)]; got != want {
				t.Errorf("of %d and %d: %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestASiteThatIsNotSetUpForItIsLeftOut(t *testing.T) {
	t.Parallel()
	noKey := config.Site{Name: "blog", N: 1}
	if err := able(noKey, reconcile.Request{}); !errors.Is(err, reconcile.ErrNoAdminKey) {
		t.Errorf("without a key: %v", err)
	}
	if err := able(site("blog", 7), reconcile.Request{OptOuts: true}); err == nil || !strings.HasPrefix(err.Error(), "SITE7_OPT_OUTS_TO_GHOST is not true") {
		t.Errorf("opt-outs: %v", err)
	}
	allowed := site("blog", 1)
	allowed.OptOutsToGhost = true
	if err := able(allowed, reconcile.Request{OptOuts: true}); err != nil {
		t.Errorf("opt-outs where they are switched on: %v", err)
	}
}

func TestWithVerboseJSONIsALinePerChangeAndPerRun(t *testing.T) {
	t.Parallel()
	a, stdout, _ := testApp()
	err := syncOf(t, a, syncOptions{asJSON: true, verbose: true}, func(_ context.Context, _ string, r reconcile.Request) (reconcile.Report, error) {
		r.OnChange(reconcile.Change{Kind: reconcile.Unchanged, Email: "jo@example.org"})
		r.OnChange(changed())
		return report(), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for line := range bytes.Lines(stdout.Bytes()) {
		var v struct{ Type, Site string }
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		types = append(types, v.Type+" "+v.Site)
	}
	if diff := cmp.Diff([]string{"change blog", "run blog", "change shop", "run shop"}, types); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
