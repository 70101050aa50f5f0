package jobs

import (
	"context"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/go-redis/v9"
)

// commit is the end of one run of a job: it leaves the in-progress list and, if
// it has a future, enters the retries or the dead letters in the same step.
type commit struct {
	list, raw string
	set       string // retry or dead letters; empty: the job is done
	score     any    // unix seconds
	next      string // the job as it goes into set
	failed    bool   // it was sent, and may not have arrived
}

// add reads one command of the library's transaction: LREM list 1 raw, DECR,
// HINCRBY [, ZADD set score raw]. The counters are luaCommit's business.
func (c *commit) add(cmd string, args []any) {
	switch {
	case cmd == "LREM" && len(args) == 3:
		c.list, c.raw = text(args[0]), text(args[2])
	case cmd == "ZADD" && len(args) == 3:
		c.set, c.score, c.next = text(args[0]), args[1], text(args[2])
	}
}

func (c *commit) params(poolID string) (keys []string, args []any) {
	keys, args = []string{c.list, lockKey, lockInfoKey}, []any{c.raw, poolID}
	if c.set != "" {
		keys, args = append(keys, c.set), append(args, c.score, c.next)
	}
	return keys, args
}

// workerCommit is commitScript for the other client.
var workerCommit = redigo.NewScript(-1, luaCommit)

// send commits over the worker's own connection.
func (c *commit) send(conn redigo.Conn, poolID string) error {
	_, err := workerCommit.Do(conn, c.flat(poolID)...)
	return err
}

// sendAlong commits with what the connection sends next; a Redis that does not have
// the script says so.
func (c *commit) sendAlong(conn redigo.Conn, poolID string) error {
	return workerCommit.SendHash(conn, c.flat(poolID)...)
}

// flat is how redigo wants keys and arguments.
func (c *commit) flat(poolID string) []any {
	keys, args := c.params(poolID)
	all := []any{len(keys)}
	for _, k := range keys {
		all = append(all, k)
	}
	return append(all, args...)
}

// repeat commits over the shared client.
func (c *commit) repeat(ctx context.Context, client redis.UniversalClient, poolID string) error {
	keys, args := c.params(poolID)
	return commitScript.Run(ctx, client, keys, args...).Err()
}
