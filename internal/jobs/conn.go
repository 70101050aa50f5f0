package jobs

import (
	"errors"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// conn is the connection that the library's worker pool talks through. It adds
// what the library lacks, by knowing the shape of three of its commands:
//
//   - The fetch script waits here until there is a job, instead of returning
//     empty-handed to sleep for up to 5 s, and answers "no job" once the pool
//     is closed.
//   - The transaction that ends a job becomes one script that is safe to
//     repeat, goes along with the next fetch, and is kept for repetition if it
//     fails. The library sends its own once and forgets the job if it is lost.
//   - The list of pools that the library's own reaper asks for is empty: that
//     one can reap living pools. See reap.go.
type conn struct {
	redis.Conn
	keeper *keeper
	log    *noise
	now    func() time.Time
	batch  *commit // the transaction being collected, nil outside of one
	doubt  bool    // its node refused the last fetch
}

var errUnknownCommit = errors.New("the library ended a job in an unknown way")

// Send collects a transaction and passes everything else on.
func (c *conn) Send(cmd string, args ...any) error {
	switch {
	case cmd == "MULTI":
		c.batch = &commit{}
	case cmd == "DISCARD":
		c.batch = nil
	case c.batch != nil:
		c.batch.add(cmd, args)
	default:
		return c.Conn.Send(cmd, args...)
	}
	return nil
}

// Do is redigo's, but for the commands named at the type.
func (c *conn) Do(cmd string, args ...any) (any, error) {
	switch {
	case isFetch(cmd, args):
		return c.fetch(cmd, args)
	case cmd == "EXEC" && c.batch != nil:
		return nil, c.end()
	case cmd == "SMEMBERS" && len(args) == 1 && text(args[0]) == poolsKey:
		return []any{}, nil
	}
	v, err := c.Conn.Do(cmd, args...)
	switch {
	case !isRequeue(cmd, args):
	case text(v) == "ok": // a job fell due and was queued
		c.keeper.wake()
	case refused(err):
		c.unstick()
	}
	return v, err
}

// isFetch says whether this is the fetch script: the only one with an
// in-progress list and a pause key among its keys (script, 6, queue, list, pause, …).
func isFetch(cmd string, args []any) bool {
	return strings.HasPrefix(cmd, "EVAL") && len(args) == 9 &&
		strings.HasSuffix(text(args[3]), ":inprogress") && strings.HasSuffix(text(args[4]), ":paused")
}

// isRequeue says whether this is the script that queues the next retry that is
// due (script, 3, retry, dead, queue, …). The library's delayed jobs are not used.
func isRequeue(cmd string, args []any) bool {
	return strings.HasPrefix(cmd, "EVAL") && len(args) > 3 && text(args[2]) == retryKey && text(args[3]) == deadKey
}

func (c *conn) fetch(cmd string, args []any) (any, error) {
	c.keeper.joined(text(args[8]))
	for !c.keeper.isClosed() {
		c.keeper.turned()
		v, err := c.turn(cmd, args)
		c.doubt = refused(err)
		if err != nil {
			if c.doubt {
				c.keeper.park() // the library asks again at once
			}
			return v, err
		}
		reply, _ := v.([]any)
		if len(reply) != 3 {
			c.keeper.park()
			continue
		}
		raw := text(reply[0])
		c.keeper.hold(raw)
		_, err = decode(raw)
		if err == nil {
			return v, nil
		}
		c.bury(commit{list: text(reply[2]), raw: raw}, err)
	}
	return nil, nil
}

// end leaves the end of the collected transaction's job to the fetch that follows
// it, or else to the sweep.
func (c *conn) end() error {
	batch := *c.batch
	c.batch = nil
	if batch.list == "" {
		return errUnknownCommit
	}
	c.keeper.postpone(batch)
	return nil
}

// turn ends the jobs that are over and fetches the next, in one round trip.
func (c *conn) turn(cmd string, args []any) (any, error) {
	ended := c.keeper.unsettled()
	for _, e := range ended {
		_ = e.sendAlong(c.Conn, c.keeper.pool()) // what goes wrong, flushing tells again
	}
	_ = c.Conn.Send(cmd, args...)
	lost := c.Flush()
	var again []commit // Redis does not have the script, and gets it once the answers are read
	for _, e := range ended {
		err := lost
		if err == nil {
			_, err = c.Receive()
		}
		if unknownScript(err) {
			again = append(again, e)
		} else {
			c.settled(e, err)
		}
	}
	if lost != nil {
		return nil, lost
	}
	v, err := c.Receive()
	for _, e := range again {
		c.settled(e, e.send(c.Conn, c.keeper.pool()))
	}
	return v, err
}

// settled keeps a commit that failed for repetition: that Redis was not reached is
// no error here.
func (c *conn) settled(e commit, err error) {
	if err != nil {
		c.log.warn("jobs.commit_postponed", err)
		e.failed = true
		c.keeper.postpone(e)
		return
	}
	c.keeper.release(e.raw)
}

// text reads a key or value, which the library passes as string or bytes.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}
