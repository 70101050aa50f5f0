package program

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// tellTasksEvery is how often a task under way tells how far it is.
const (
	tellTasksEvery = time.Second
	tellTaskWithin = 2 * time.Second
)

// The kinds of tasks.
const (
	TaskSync   = "sync"
	TaskRevert = "sync.revert"
	TaskPlan   = "plan"
	TaskReplay = "dlq.replay"
	TaskDrop   = "dlq.drop"
)

func newTask(kind, site, who string) store.Task {
	now := time.Now().UTC()
	return store.Task{
		ID:   now.Format("20060102T150405.000Z") + "-" + strings.ToLower(rand.Text()[:6]),
		Kind: kind, Site: site, Who: who, On: here(), State: store.TaskRunning, Began: now, Seen: now,
		Counts: map[string]int{}, Skipped: map[string]int{}, Options: map[string]string{},
	}
}

func here() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// taskTeller lets everybody see how far a task is. It never stands in the task's
// way: where Redis does not take it, it is not told.
type taskTeller struct {
	store *store.Store
	bare  context.Context //nolint:containedctx // of the task, without its end: the end is told too
	done  chan struct{}
	ended sync.WaitGroup

	mu   sync.Mutex
	task store.Task
}

// tell begins to tell of a task; end has to be called.
func (p *Program) tell(ctx context.Context, t store.Task) *taskTeller {
	k := &taskTeller{store: p.Store, bare: context.WithoutCancel(ctx), task: t, done: make(chan struct{})}
	k.write()
	k.ended.Go(k.run)
	return k
}

func (k *taskTeller) run() {
	ticker := time.NewTicker(tellTasksEvery)
	defer ticker.Stop()
	for {
		select {
		case <-k.done:
			return
		case <-ticker.C:
			k.change(func(t *store.Task) { t.Seen = time.Now().UTC() })
			k.write()
		}
	}
}

// change is called by any goroutine.
func (k *taskTeller) change(do func(*store.Task)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	do(&k.task)
}

// end tells the last of the task, whose state has to be set.
func (k *taskTeller) end(do func(*store.Task)) {
	close(k.done)
	k.ended.Wait()
	k.change(func(t *store.Task) {
		t.Ended = time.Now().UTC()
		t.Seen = t.Ended
		do(t)
	})
	k.write()
}

func (k *taskTeller) write() {
	ctx, cancel := context.WithTimeout(k.bare, tellTaskWithin)
	defer cancel()
	k.mu.Lock()
	t := k.task
	t.Counts, t.Skipped = clone(t.Counts), clone(t.Skipped)
	k.mu.Unlock()
	_ = k.store.KeepTask(ctx, t)
}

func clone(m map[string]int) map[string]int {
	c := make(map[string]int, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
