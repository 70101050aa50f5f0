package jobs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestTheLibrarysOutputBecomesFewRecords(t *testing.T) {
	t.Parallel()
	logs, clock := &logBuffer{}, time.Unix(1700000000, 0)
	n := newNoise(slog.New(slog.NewJSONHandler(logs, nil)), func() time.Time { return clock })
	var through bytes.Buffer
	print := func(text string) {
		t.Helper()
		if err := relay(strings.NewReader(text), &through, n); err != nil {
			t.Fatal(err)
		}
	}
	print(strings.Repeat("ERROR: worker.fetch - EOF\n", 1000) + "ERROR: heartbeat - jo@example.com\n")
	if c := logs.count("jobs.library"); c != 2 {
		t.Errorf("%d records of two kinds:\n%s", c, logs.text())
	}
	clock = clock.Add(10 * time.Second)
	print("ERROR: worker.fetch - EOF\n")
	if text := logs.text(); logs.count("jobs.library") != 3 || !strings.Contains(text, `"suppressed":999`) || strings.Contains(text, "jo@") {
		t.Errorf("after ten seconds:\n%s", text)
	}
	print("a result\nERROR: without the rest\nunfinished")
	if got, want := through.String(), "a result\nERROR: without the rest\nunfinished"; got != want {
		t.Errorf("passed on %q, want %q", got, want)
	}
}

func TestALongLineBlocksNothing(t *testing.T) {
	t.Parallel()
	var through bytes.Buffer
	long := strings.Repeat("x", 3<<20)
	if err := relay(strings.NewReader(long+"\nnext\n"), &through, newNoise(slog.New(slog.DiscardHandler), time.Now)); err != nil {
		t.Fatal(err)
	}
	if through.String() != long+"\nnext\n" {
		t.Errorf("passed on %d bytes", through.Len())
	}
}

func TestManyKindsOfNoiseShareOneLimit(t *testing.T) {
	t.Parallel()
	logs := &logBuffer{}
	n := newNoise(slog.New(slog.NewJSONHandler(logs, nil)), func() time.Time { return time.Unix(1, 0) })
	for i := range 1000 {
		n.record("event", strings.Repeat("k", i+1))
	}
	if c := logs.count("event"); c != noiseKinds+1 {
		t.Errorf("%d records", c)
	}
}
