package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

func TestTasksAreSeenByAllAndForgottenInTurn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 105 {
		err := b.KeepTask(t.Context(), store.Task{ID: fmt.Sprintf("%03d", i), Kind: "sync", Site: "blog", State: store.TaskRunning, Done: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := b.KeepTask(t.Context(), store.Task{ID: "104", Kind: "sync", State: store.TaskDone, Counts: map[string]int{"add": 3}}); err != nil {
		t.Fatal(err)
	}
	all, err := b.Tasks(t.Context())
	if err != nil || len(all) != 100 || all[0].ID != "104" || all[99].ID != "005" {
		t.Fatalf("%d tasks, %v", len(all), err)
	}
	one, found, err := b.Task(t.Context(), "104")
	if err != nil || !found || one.State != store.TaskDone || one.Counts["add"] != 3 {
		t.Errorf("%+v %v %v", one, found, err)
	}
	for _, id := range []string{"000", "none", "a:b", "", "a b"} {
		if _, found, err := b.Task(t.Context(), id); found || err != nil {
			t.Errorf("%q is found, %v", id, err)
		}
	}
}

func TestATaskWhoseProcessDiedIsLost(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for want, task := range map[bool]store.Task{
		true:  {State: store.TaskRunning, Seen: now.Add(-time.Minute)},
		false: {State: store.TaskRunning, Seen: now.Add(-2 * time.Second)},
	} {
		if task.Lost(now) != want {
			t.Errorf("%+v is lost: %v", task, !want)
		}
	}
	if (store.Task{State: store.TaskDone, Seen: now.Add(-time.Hour)}).Lost(now) {
		t.Error("one that has ended is lost")
	}
}

func TestAPlanIsUsedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.KeepExamples(t.Context(), "p", []byte(`[1]`)); err != nil {
		t.Fatal(err)
	}
	if raw, err := b.Examples(t.Context(), "p"); string(raw) != "[1]" || err != nil {
		t.Errorf("%s %v", raw, err)
	}
	for i, want := range []bool{true, false} {
		if ok, err := b.UsePlan(t.Context(), "p"); ok != want || err != nil {
			t.Errorf("use %d: %v %v", i+1, ok, err)
		}
	}
	if raw, err := b.Examples(t.Context(), "p"); raw != nil || err != nil {
		t.Errorf("then there is %s, %v", raw, err)
	}
}
