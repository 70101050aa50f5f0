package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Job is an encoded job that a script may push along with its change.
type Job struct{ ID, QueueKey, Raw, WakeChannel string }

// Taken is what a worker finds in a member's inbox.
type Taken struct {
	Entry      member.Entry
	Version    string    // changes with every event that arrives, and never comes again
	Events     []string  // ids of the events in it, at most the last 100
	ReceivedAt time.Time // of the oldest event in it
	Memory     member.Memory
	// Doubt is whether a write may have gone wrong unseen: what the memory says
	// of Campaign Monitor is not to be believed.
	Doubt bool
}

// accept writes an event into the member's inbox entry and pushes a job unless
// one that will see the entry soon is there already. A job that waits for its
// retry does not count: newer facts are tried at once. The entry's version is the
// id of the job that came with its newest event: a counter would start anew with
// the entry, and a worker that woke late would clear what it never saw.
//
// The arguments are the whole entry, as it is written where there is none yet.
//
//	KEYS inbox, waiting, queue, arrived
//	ARGV name, job, channel, then field, value of: sent, events, received, version, job,
//	     wait, due, deleted or none, what is known …
//	returns the id of the job that carries the event, and 1 if it was there already
var accept = redis.NewScript(`
local inbox, id, now = KEYS[1], ARGV[11], ARGV[9]
local function push()
  redis.call('zadd', KEYS[2], now, ARGV[1])
  redis.call('lpush', KEYS[3], ARGV[2])
  redis.call('publish', ARGV[3], '1')
  return {id, 0}
end
if redis.call('exists', inbox) == 0 then
  redis.call('hset', inbox, unpack(ARGV, 4))
  redis.call('zadd', KEYS[4], 'NX', now, ARGV[1])
  return push()
end
local names, sent = {'sent', 'events', 'received', 'job', 'wait'}, tonumber(ARGV[5])
for i = 18, #ARGV, 2 do names[#names + 1] = ARGV[i] end
local old = redis.call('hmget', inbox, unpack(names))
local received, events = old[3] or now, ARGV[7]
if old[2] then events = string.sub(old[2] .. ' ' .. events, -1700) end
local new = {'events', events, 'received', received, 'version', id}
local function put(field, value) new[#new + 1] = field new[#new + 1] = value end
if sent > tonumber(old[1] or 0) then put('sent', ARGV[5]) end
for i = 18, #ARGV, 2 do
  local had, field, value = old[(i - 6) / 2], ARGV[i], ARGV[i + 1]
  local at = had and tonumber(string.match(had, '^%d+'))
  if not at or sent > at or (sent == at and value > had) then put(field, value) end
end
local joined = old[4] and (old[5] == 'queued' or old[5] == 'running' or old[5] == 'slot')
if not joined then put('job', id) put('wait', 'queued') put('due', now) end
redis.call('hset', inbox, unpack(new))
redis.call('zadd', KEYS[4], 'NX', received, ARGV[1])
if joined then return {old[4], 1} end
redis.call('persist', inbox)
return push()`)

// Accept writes a delivery into the inbox and, unless a job that will see it is
// waiting, pushes job, all in one step: once it returns, both are in Redis.
func (s *Store) Accept(ctx context.Context, d Delivery, job Job) (Receipt, error) {
	entry := member.EntryOf(d.Event)
	sent, now := strconv.FormatInt(entry.SentAt, 10), s.nowMillis()
	args := make([]any, 0, 20+2*len(entry.Known)+2*len(entry.Addresses))
	args = append(args, waitingName(d.Site, entry.ID), job.Raw, job.WakeChannel,
		"sent", sent, "events", d.EventID, "received", now, "version", job.ID, "job", job.ID, "wait", "queued", "due", now)
	if entry.DeletedAt != 0 {
		args = append(args, "deleted", sent)
	}
	for key, value := range entry.Known {
		args = append(args, "k:"+key, sent+"|"+value.JSON)
	}
	for _, email := range entry.Addresses {
		args = append(args, "a:"+email, "1")
	}
	keys := []string{inboxKey(d.Site, entry.ID), waitingKey, job.QueueKey, arrivedKey}
	reply, err := s.accepts.run(ctx, keys, args).Slice()
	if err != nil {
		return Receipt{}, fmt.Errorf("writing to the inbox: %w", err)
	}
	id, _ := reply[0].(string)
	joined, _ := reply[1].(int64)
	return Receipt{JobID: id, Coalesced: joined == 1}, nil
}

func (t *Taken) read(field, value string) {
	switch kind, name, _ := strings.Cut(field, ":"); kind {
	case "k":
		at, json, _ := strings.Cut(value, "|")
		t.Entry.Known[name] = member.Stamped{At: number(at), JSON: json}
	case "a":
		t.Entry.Addresses = append(t.Entry.Addresses, name)
	case "sent":
		t.Entry.SentAt = number(value)
	case "deleted":
		t.Entry.DeletedAt = number(value)
	case "version":
		t.Version = value
	case "received":
		t.ReceivedAt = time.UnixMilli(number(value))
	case "doubt":
		t.Doubt = true
	case "events":
		t.Events = wholeIDs(value)
	}
}

// wholeIDs leaves out an id that was cut when the list grew too long.
func wholeIDs(list string) []string {
	ids := strings.Fields(list)
	if len(ids) > 1 && len(ids[0]) < len(ids[1]) {
		ids = ids[1:]
	}
	return ids
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // written by our own scripts
	return n
}
