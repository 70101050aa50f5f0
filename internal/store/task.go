package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Task is something that takes long, done by one process and seen by all: a full
// sync, its plan, or what is done with many dead letters. It holds no address and
// no text of strangers.
type Task struct {
	ID   string `json:"id"` // later ones are greater
	Kind string `json:"kind"`
	Site string `json:"site,omitempty"` // "" is all
	Who  string `json:"who,omitempty"`  // as in Activity
	On   string `json:"on,omitempty"`   // host and process
	// State is running until it is one of the others.
	State TaskState `json:"state"`
	Began time.Time `json:"began"`
	// Seen is when the process last told of it, once a second while it runs.
	Seen        time.Time         `json:"seen"`
	Ended       time.Time         `json:"ended,omitzero"`
	Phase       string            `json:"phase,omitempty"`
	Done        int               `json:"done,omitempty"`
	Total       int               `json:"total,omitempty"` // 0 is unknown
	Counts      map[string]int    `json:"counts,omitempty"`
	Skipped     map[string]int    `json:"skipped,omitempty"` // by reason
	Members     int               `json:"members,omitempty"`
	Subscribers int               `json:"subscribers,omitempty"`
	Options     map[string]string `json:"options,omitempty"`
	// Reason is why it ended early, fit to be shown.
	Reason string `json:"reason,omitempty"`
	// Journal is whether the process kept one by which it can be undone.
	Journal bool `json:"journal,omitempty"`
}

// TaskState is how a task stands.
type TaskState string

// The states.
const (
	TaskRunning TaskState = "running"
	TaskDone    TaskState = "done"
	TaskPartly  TaskState = "partly" // done, but some records failed
	TaskFailed  TaskState = "failed"
	TaskStopped TaskState = "stopped" // by a person, or with its process
)

// taskSilence is how long a running task may be silent before its process is
// taken for dead.
const taskSilence = 20 * time.Second

// Lost says whether the process that ran the task has died.
func (t Task) Lost(now time.Time) bool {
	return t.State == TaskRunning && now.Sub(t.Seen) > taskSilence
}

// Tasks are kept so many and so long; examples of one, for so long.
const (
	maxTasks     = 100
	tasksFor     = 30 * 24 * time.Hour
	examplesFor  = time.Hour
	tasksKey     = namespace + "tasks"
	taskIDLength = 64
)

func taskKey(id string) string { return namespace + "task:" + id }

// keepTask writes a task, and drops the oldest beyond the limit.
//
//	KEYS tasks   ARGV id, task, limit, ttl
var keepTask = redis.NewScript(`
local new = redis.call('hset', KEYS[1], ARGV[1], ARGV[2])
redis.call('pexpire', KEYS[1], ARGV[4])
if new == 0 or redis.call('hlen', KEYS[1]) <= tonumber(ARGV[3]) then return 0 end
local ids = redis.call('hkeys', KEYS[1])
table.sort(ids)
for i = 1, #ids - ARGV[3] do redis.call('hdel', KEYS[1], ids[i]) end
return 1`)

// KeepTask remembers how a task stands.
func (s *Store) KeepTask(ctx context.Context, t Task) error {
	raw, err := json.Marshal(t)
	if err == nil {
		err = keepTask.Run(ctx, s.redis, []string{tasksKey}, t.ID, raw, maxTasks, tasksFor.Milliseconds()).Err()
	}
	if err != nil {
		return fmt.Errorf("keeping how a task stands: %w", err)
	}
	return nil
}

// Tasks recalls all tasks, the latest first.
func (s *Store) Tasks(ctx context.Context) ([]Task, error) {
	stored, err := s.redis.HGetAll(ctx, tasksKey).Result()
	if err != nil {
		return nil, fmt.Errorf("recalling tasks: %w", err)
	}
	var all []Task
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(stored))) {
		var t Task
		if json.Unmarshal([]byte(stored[id]), &t) == nil { // of another version it would be left out
			all = append(all, t)
		}
	}
	return all, nil
}

// Task recalls one; false if there is none.
func (s *Store) Task(ctx context.Context, id string) (t Task, found bool, err error) {
	if len(id) > taskIDLength || strings.ContainsAny(id, ": ") {
		return t, false, nil
	}
	raw, err := s.redis.HGet(ctx, tasksKey, id).Bytes()
	if errors.Is(err, redis.Nil) {
		return t, false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	if err != nil {
		return t, false, fmt.Errorf("recalling a task: %w", err)
	}
	return t, true, nil
}

// KeepExamples keeps what a task would do to some, as JSON, for an hour.
func (s *Store) KeepExamples(ctx context.Context, id string, examples []byte) error {
	if err := s.redis.Set(ctx, taskKey(id), examples, examplesFor).Err(); err != nil {
		return fmt.Errorf("keeping a task's examples: %w", err)
	}
	return nil
}

// Examples recalls them; nil if they are gone.
func (s *Store) Examples(ctx context.Context, id string) ([]byte, error) {
	raw, err := s.redis.Get(ctx, taskKey(id)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("recalling a task's examples: %w", err)
	}
	return raw, nil
}

// claimTask takes examples away, once.
//
//	KEYS task
var claimTask = redis.NewScript(`
if redis.call('exists', KEYS[1]) == 0 then return 0 end
return redis.call('del', KEYS[1])`)

// UsePlan takes the examples of a plan away, and with them the plan: it is true
// for one caller only, and false once they are gone.
func (s *Store) UsePlan(ctx context.Context, id string) (bool, error) {
	n, err := claimTask.Run(ctx, s.redis, []string{taskKey(id)}).Int()
	if err != nil {
		return false, fmt.Errorf("using a plan: %w", err)
	}
	return n == 1, nil
}
