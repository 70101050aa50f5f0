package program_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// What is as old as this goes, what is as old as that stays: each retention is in
// between, and no default is.
const tooOld, young = 60 * time.Hour, 36 * time.Hour

// backdate leaves an old and a young one of everything that ages, as a program that
// ran then has left it.
func backdate(t *testing.T, client *redis.Client, state string) {
	t.Helper()
	for _, age := range []time.Duration{tooOld, young} {
		at := time.Now().Add(-age)
		name := fmt.Sprintf("%.0fh", age.Hours())
		order(t, client, "XADD", "{ghostcm}:activity:site1", fmt.Sprintf("%d-0", at.UnixMilli()), "event", "member.edited", "member", name)
		order(t, client, "ZADD", "{ghostcm}:dead", at.Unix(), jobs.Encode(jobs.Spec{ID: name, Kind: "member", Site: "site1", Key: name}).Raw)
		path := filepath.Join(state, "runs", name+".ndjson")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(`{"run":"`+name+`"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsOlderThanItsRetentionGoesAndWhatIsYoungerStays(t *testing.T) {
	t.Parallel()
	server, state := redistest.New(t), t.TempDir()
	client := administrator(t, server, "")
	backdate(t, client, state)
	r := newRig(t, rigOptions{server: server, env: []string{
		"STATE_DIR=" + state, "ACTIVITY_RETENTION=2d", "DEAD_LETTER_RETENTION=2d", "JOURNAL_RETENTION=2d",
	}})
	left := map[string]func() []string{
		"activity": func() (names []string) {
			seen, _, err := r.Activity(t.Context(), program.ActivityQuery{})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range seen {
				names = append(names, a.MemberID)
			}
			return names
		},
		"dead letters": func() (names []string) {
			for letter, err := range r.Queue.Dead(t.Context(), jobs.DeadFilter{}) {
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, letter.ID)
			}
			return names
		},
		"journals": func() (names []string) {
			paths, err := filepath.Glob(filepath.Join(state, "runs", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				names = append(names, filepath.Base(path[:len(path)-len(".ndjson")]))
			}
			return names
		},
	}
	for what, names := range left {
		r.eventually(what+" of 36 hours is all that is left", time.Minute, func() string {
			if got := names(); !slices.Equal(got, []string{"36h"}) {
				return fmt.Sprintf("there is %q", got)
			}
			return ""
		})
	}
}
