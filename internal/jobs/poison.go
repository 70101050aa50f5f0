package jobs

import (
	"errors"
	"strings"

	"github.com/gomodule/redigo/redis"
)

// An entry that is no job ends among the dead letters, where people see it and
// can drop it. The library would leave it in progress for ever, or fail on it
// each second and reach no retry behind it.

// unreadable stands for an entry that is empty; dead letters are paged by their
// bytes, and an empty one would have no place.
const unreadable = "(empty)"

// bury ends an entry that was fetched.
func (c *conn) bury(fetched commit, why error) {
	c.log.warn("jobs.unreadable_entry", why)
	fetched.set, fetched.score, fetched.next = deadKey, c.now().Unix(), or(fetched.raw, unreadable)
	c.settled(fetched, fetched.send(c.Conn, c.keeper.pool()))
}

// unstick ends the next waiting entry if it is what the library stumbled over.
func (c *conn) unstick() {
	now := c.now().Unix()
	due, err := redis.Strings(c.Conn.Do("ZRANGEBYSCORE", retryKey, "-inf", now, "LIMIT", 0, 1))
	if err != nil || len(due) == 0 {
		return // the library will stumble again
	}
	_, why := decode(due[0])
	if why == nil {
		return
	}
	c.log.warn("jobs.unreadable_entry", why)
	_, err = redis.NewScript(2, luaBury).Do(c.Conn, retryKey, deadKey, due[0], now, or(due[0], unreadable))
	if err != nil {
		c.log.warn("jobs.commit_postponed", err)
	}
}

// refused says whether Redis answered, with an error that is about the script's
// data and not about the script being unknown to it yet.
func refused(err error) bool {
	_, answered := errors.AsType[redis.Error](err)
	return answered && !unknownScript(err)
}

func unknownScript(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT ") }
