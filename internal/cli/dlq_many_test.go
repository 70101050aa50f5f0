package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// letterApp is an app on a Redis with n dead letters, of the ids id000000 and so
// on; one in ten is of Campaign Monitor's code 500.
func letterApp(t *testing.T, n int) (a *app, stdout, stderr *bytes.Buffer) {
	t.Helper()
	server := redistest.New(t)
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket(), Protocol: 2})
	defer client.Close()
	for start := 0; start < n; start += 1000 {
		pipe := client.Pipeline()
		for i := start; i < min(start+1000, n); i++ {
			raw := fmt.Sprintf(`{"name":"job","id":"id%06d","t":1,"args":{"kind":"member","site":"blog","key":"m%d","event":"member.edited",`+
				`"email_hash":"b6be3cb544f7","attempts":"10","code":"cm:%d"},"err":"Gone"}`, i, i, []int{500, 1}[min(i%10, 1)])
			pipe.ZAdd(t.Context(), jobs.Namespace+":dead", redis.Z{Score: float64(1_700_000_000 + i/100), Member: raw})
		}
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	a, stdout, stderr = testApp("CM_API_KEY=x", "SITE1_NAME=blog", "SITE1_GHOST_WEBHOOK_SECRET=hunter2hunter2hu", "STATE_DIR="+t.TempDir(),
		"SITE1_CM_LIST_ID=0123456789abcdef0123456789abcdef", "REDIS_URL=unix://"+server.Socket())
	a.dir, a.now = t.TempDir(), time.Now
	return a, stdout, stderr
}

// run runs one command line on the app.
func run(a *app, ctx context.Context, args ...string) int { //nolint:revive // the app is what it is about
	root := newRootCommand(a)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	return a.exit(command, err)
}

// heapWatch counts what is written, and looks at the heap now and then.
type heapWatch struct {
	lines, bytes int
	before, most uint64
}

func (h *heapWatch) Write(p []byte) (int, error) {
	h.lines += bytes.Count(p, []byte("\n"))
	if before := h.bytes; before>>22 != (before+len(p))>>22 { // every 4 MiB
		h.most = max(h.most, heap())
	}
	h.bytes += len(p)
	return len(p), nil
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Not beside other tests: they have the same heap.
func TestAHundredThousandLettersAreListedAndCountedWithoutHoldingThem(t *testing.T) { //nolint:paralleltest // see above
	const letters, bound = 100_000, 24 << 20
	a, _, _ := letterApp(t, letters)
	for _, format := range [][]string{{"--limit", "100000"}, {"--limit", "30000", "--json"}} {
		watch := &heapWatch{before: heap()}
		a.stdout = watch
		if code := run(a, t.Context(), append([]string{"dlq", "list"}, format...)...); code != 0 || watch.lines < letters {
			t.Errorf("%v: exit code %d, %d lines", format, code, watch.lines)
		}
		if watch.most == 0 || watch.most > watch.before+bound {
			t.Errorf("%v: the heap grew from %d to %d MiB, while %d MiB were written", format, watch.before>>20, watch.most>>20, watch.bytes>>20)
		}
	}
	counted := &bytes.Buffer{}
	a.stdout = counted
	if code := run(a, t.Context(), "dlq", "drop", "--all", "--dry-run"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if diff := cmp.Diff("blog\tmember\tcm:1\t90000\nblog\tmember\tcm:500\t10000\n", counted.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAListIsTheSameDocumentInPiecesAsAtOnce(t *testing.T) {
	t.Parallel()
	for n := range 3 {
		a, whole, _ := testApp()
		views := []letterView{{ID: "1", Reason: `<a & "b">`}, {ID: "2", Site: "blog"}}[:n]
		if err := a.writeJSON(map[string]any{"dead_letters": views}); err != nil {
			t.Fatal(err)
		}
		pieces := &bytes.Buffer{}
		list := newJSONList(pieces, "dead_letters")
		for _, v := range views {
			if err := list.add(v); err != nil {
				t.Fatal(err)
			}
		}
		if err := list.end(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.String(), pieces.String()); diff != "" {
			t.Errorf("%d elements: %s", n, diff)
		}
	}
}

func TestALongTableIsDrawnInPages(t *testing.T) {
	t.Parallel()
	a, stdout, _ := letterApp(t, rowsAtOnce+1)
	a.terminal = true
	if code := run(a, t.Context(), "dlq", "list"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if rows, headers := strings.Count(stdout.String(), "id000"), strings.Count(stdout.String(), "EMAIL HASH"); rows != rowsAtOnce+1 || headers != 2 {
		t.Errorf("%d rows under %d headers", rows, headers)
	}
}

func TestAllIsAskedAboutWithItsNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args, answer, question, stdout, last string
		left                                 int
	}{
		{"dlq drop --all", "no\n", "Drop 20 dead letters? [y/N] ", "", "Nothing was dropped.", 20},
		{"dlq replay --all", "\n", "Replay 20 dead letters? [y/N] ", "", "Nothing was replayed.", 20},
		{"dlq drop --all --reason cm:500", "yes\n", "Drop 2 dead letters? [y/N] ", "dropped\t2\ngone\t0\n", "", 18},
		{"dlq drop --all --yes --limit 3", "", "", "dropped\t3\ngone\t0\n", "", 17},
		{"dlq drop id000007", "", "", "dropped\t1\ngone\t0\n", "", 19},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			a, stdout, stderr := letterApp(t, 20)
			a.stdin, a.answersOnTerminal, a.logsToTerminal = strings.NewReader(c.answer), true, true
			if code := run(a, t.Context(), strings.Fields(c.args)...); code != 0 {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			if !strings.HasPrefix(stderr.String(), c.question) || !strings.Contains(stderr.String(), c.last) || stdout.String() != c.stdout {
				t.Errorf("asked %q, answered %q", stderr, stdout)
			}
			stdout.Reset()
			run(a, t.Context(), "dlq", "list")
			if left := strings.Count(stdout.String(), "\n"); left != c.left {
				t.Errorf("%d letters are left, not %d", left, c.left)
			}
		})
	}
}

// Members whose inbox is empty have nothing to replay: a newer event was applied.
func TestALetterWhoseMemberIsUpToDateIsGone(t *testing.T) {
	t.Parallel()
	a, stdout, _ := letterApp(t, 3)
	if code := run(a, t.Context(), "dlq", "replay", "--site", "blog", "--wait"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if diff := cmp.Diff("replayed\t0\ngone\t3\ndone\t0\nfailed again\t0\nwaiting\t0\n", stdout.String()); diff != "" {
		t.Error(diff)
	}
}

// Whoever presses Ctrl-C learns how far it came.
func TestAReplayThatIsCutShortSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	a, _, stderr := testApp()
	if err := a.cutShort(context.Canceled, "replayed", 1); err != context.Canceled { //nolint:errorlint // the very same
		t.Errorf("the error became %v", err)
	}
	if diff := cmp.Diff("1 dead letter replayed before this; the others are as they were, and the same command goes on with them.\n", stderr.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAnAddressIsRevealedToWhomAsks(t *testing.T) {
	t.Parallel()
	l := jobs.DeadLetter{ID: "1", EmailHash: "b6be3cb544f7", History: []jobs.Attempt{{At: time.Unix(1_700_000_000, 0), Code: "cm:1", Reason: "Gone"}}}
	kept := store.Kept{Waiting: "dead", Email: "jo@example.org"}
	for reveal, want := range map[bool]string{false: "b6be3cb544f7", true: "jo@example.org"} {
		a, stdout, _ := testApp()
		a.now = func() time.Time { return time.Unix(1_700_000_000, 0).UTC() }
		if err := a.letterTables(detailLetter(l, kept, reveal)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stdout.String(), "letter\temail\t"+want+"\n") || strings.Contains(stdout.String(), "jo@") != reveal {
			t.Errorf("reveal %t: %s", reveal, stdout)
		}
		if !strings.Contains(stdout.String(), "attempt\t1\t2023-11-14 22:13:20\tcm:1\tGone\n") {
			t.Errorf("no attempt: %s", stdout)
		}
		raw, err := json.Marshal(detailLetter(l, kept, reveal))
		if err != nil || strings.Contains(string(raw), "jo@") != reveal {
			t.Errorf("reveal %t: %s, %v", reveal, raw, err)
		}
	}
}
