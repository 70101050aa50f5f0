package doctor

import (
	"errors"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	// slowRedis is a latency that webhooks notice; tooSlow one that loses them:
	// they give Redis 400 ms, and may need two round trips.
	slowRedis  = 50 * time.Millisecond
	tooSlow    = 200 * time.Millisecond
	nearlyFull = 0.9
	noRedis    = "Redis does not answer, or takes no writes"
	// mayAsk is the remedy where Redis does not let its user ask.
	mayAsk = "allow the user +info and +config|get (docs/redis.md), or look at the server yourself"
)

func (e *exam) redisAnswers() verdict {
	_, err := e.redis()
	switch {
	case errors.Is(err, errOver):
		return notChecked(errOver.Error())
	case err != nil:
		return fail("mend Redis, or REDIS_URL, which says where it is; without it webhooks are refused or kept in STATE_DIR alone",
			"%s", e.Reason(err))
	}
	return ok("answers, and takes writes")
}

// toRedis gives what Redis told of itself to judge, if it told that.
func (e *exam) toRedis(judge func(store.Server) verdict) verdict {
	seen, err := e.redis()
	switch {
	case err != nil:
		return notChecked(noRedis)
	case seen.Untold:
		v := notChecked("Redis does not let ghostcm's user ask INFO")
		v.remedy = mayAsk
		return v
	}
	return judge(seen)
}

func (e *exam) redisVersion() verdict {
	return e.toRedis(func(seen store.Server) verdict {
		switch name := "Redis " + seen.Version; {
		case seen.Valkey != "":
			return ok("Valkey %s", seen.Valkey)
		case !seen.AtLeast(6, 2):
			return fail("install Redis 6.2 or newer, or any Valkey", "%s lacks commands that ghostcm needs", name)
		default:
			return ok("%s", name)
		}
	})
}

func (e *exam) redisPersistence() verdict {
	const (
		appendOnly = `on Redis: CONFIG SET appendonly yes, and "appendonly yes" in its configuration`
		disk       = "free or mend the disk of Redis; its log says what is wrong"
	)
	return e.toRedis(func(seen store.Server) verdict {
		switch {
		case seen.AOFFails, !seen.AOF && seen.SnapshotFail:
			return fail(disk, "Redis could not write to its disk the last time")
		case !seen.AOF && seen.ConfigUntold:
			return warn(appendOnly, "appendonly is off: a restart of Redis may lose webhooks that were accepted")
		case !seen.AOF && seen.Save == "":
			return fail(appendOnly, "nothing is kept on disk: a restart of Redis loses every waiting event and dead letter")
		case !seen.AOF:
			return warn(appendOnly, "snapshots only: a restart of Redis loses what was accepted since the last one")
		case seen.Fsync == "no":
			return warn("on Redis: CONFIG SET appendfsync everysec, and the same in its configuration",
				"appendonly, appendfsync no: a power cut may lose half a minute")
		case seen.Fsync == "always":
			return ok("appendonly, appendfsync always")
		}
		return ok("appendonly, appendfsync %s: losing Redis and serve in the same second loses that second; "+
			"only appendfsync always does not", orUnknown(seen.Fsync))
	})
}

func (e *exam) redisEviction() verdict {
	return e.toRedis(func(seen store.Server) verdict {
		full := float64(seen.UsedMemory) / float64(max(seen.MaxMemory, 1))
		switch {
		case seen.Policy != "noeviction":
			return fail(`on Redis: CONFIG SET maxmemory-policy noeviction, and the same in its configuration`,
				"maxmemory-policy is %s: when memory gets short, Redis drops members and waiting events without a word",
				orUnknown(seen.Policy))
		case seen.MaxMemory > 0 && full > nearlyFull:
			return warn("give Redis more memory (maxmemory), or drop dead letters that nobody needs: ghostcm dlq list",
				"noeviction, and %.0f %% of maxmemory are used: when it is full, webhooks are refused", full*100)
		}
		return ok("noeviction")
	})
}

func (e *exam) redisLatency() verdict {
	seen, err := e.redis()
	if err != nil {
		return notChecked(noRedis)
	}
	const remedy = "run Redis on this machine or beside it; look for slow commands of others: SLOWLOG GET"
	told := seen.Latency.Round(10 * time.Microsecond)
	switch {
	case seen.Latency >= tooSlow:
		return fail(remedy, "a round trip takes %v; webhooks give Redis 400 ms for all they need", told)
	case seen.Latency >= slowRedis:
		return warn(remedy, "a round trip takes %v; a few ms would be good", told)
	}
	return ok("a round trip takes %v", told)
}
