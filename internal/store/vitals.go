package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Backlog is what waits in the inbox of all sites.
type Backlog struct {
	Members int
	// Oldest is how long the oldest event of them has waited; 0 if none does.
	Oldest time.Duration
}

// Backlog looks at the inbox. Entries of dead letters do not count.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	pipe := s.redis.Pipeline()
	members := pipe.ZCard(ctx, arrivedKey)
	oldest := pipe.ZRangeWithScores(ctx, arrivedKey, 0, 0)
	if _, err := pipe.Exec(ctx); err != nil {
		return Backlog{}, fmt.Errorf("looking at the inbox: %w", err)
	}
	b := Backlog{Members: int(members.Val())}
	for _, z := range oldest.Val() {
		b.Oldest = max(s.now().Sub(time.UnixMilli(int64(z.Score))), 0)
	}
	return b, nil
}

// Writable says whether Redis takes a write now, as a webhook would need it to:
// one that is full, read-only or cannot save answers reads all the same.
func (s *Store) Writable(ctx context.Context) error {
	pipe := s.redis.Pipeline()
	taken := probe(ctx, pipe)
	_, _ = pipe.Exec(ctx) // each answer has its own error
	return taken()
}

// probeScript does nothing but what a user may be forbidden: to run a script.
var probeScript = redis.NewScript(`return redis.call('set', KEYS[1], '1', 'PX', ARGV[1])`)

// probe asks for a write as webhooks make it, by a script: a user may be allowed to
// write, and not that. The plain write goes first, since its error says more.
func probe(ctx context.Context, pipe redis.Pipeliner) (taken func() error) {
	write := pipe.Set(ctx, probeKey, "1", time.Minute)
	script := probeScript.Eval(ctx, pipe, []string{probeKey}, time.Minute.Milliseconds())
	return func() error {
		if err := cmp.Or(write.Err(), script.Err()); err != nil {
			return fmt.Errorf("redis takes no writes: %w", err)
		}
		return nil
	}
}

// Incarnation has Redis take a write, and says which Redis it is: it changes when
// Redis is restarted, and when another becomes the master. It is empty for a server
// that does not say, or not to this user.
func (s *Store) Incarnation(ctx context.Context) (string, error) {
	pipe := s.redis.Pipeline()
	taken := probe(ctx, pipe)
	info := pipe.Info(ctx, "server")
	_, _ = pipe.Exec(ctx) // each answer has its own error
	if err := taken(); err != nil {
		return "", err
	}
	_, id, _ := strings.Cut(info.Val(), "run_id:")
	id, _, _ = strings.Cut(id, "\r")
	return id, nil
}
