package store

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// Recalled is what is kept of one of many members.
type Recalled struct {
	Memory member.Memory
	// Known is whether there is a memory at all.
	Known bool
	// Waiting is why the member has an entry in the inbox; "" if it has none.
	Waiting Waiting
	// Touched is whether a worker has saved the member since the site's run began,
	// so that what the run read of it before may be old.
	Touched bool
}

// recallSize is how many members one call asks for.
const recallSize = 250

// waits tells of each member what waits in its inbox, and whether it was touched.
// It leaves out those of whom there is nothing to tell: nearly all.
//
//	KEYS touched, inboxes …   ARGV ids …
//	returns for each of the others its place, why it waits or '', 1 if touched
var waits = redis.NewScript(`
local run = redis.call('exists', KEYS[1]) == 1
local told = {}
for i = 2, #KEYS do
  local wait = redis.call('hget', KEYS[i], 'wait') or ''
  local touched = run and redis.call('sismember', KEYS[1], ARGV[i - 1]) or 0
  if wait ~= '' or touched == 1 then
    told[#told + 1] = i - 2
    told[#told + 1] = wait
    told[#told + 1] = touched
  end
end
return told`)

// Recall returns what is kept of the members, in their order. What changes while
// it reads shows as Touched, if the site has a run.
func (s *Store) Recall(ctx context.Context, site string, ids []string) ([]Recalled, error) {
	all := make([]Recalled, len(ids))
	for from := 0; from < len(ids); from += recallSize * inFlight {
		to := min(from+recallSize*inFlight, len(ids))
		if err := s.recall(ctx, site, ids[from:to], all[from:to]); err != nil {
			return nil, fmt.Errorf("recalling members: %w", err)
		}
	}
	return all, nil
}

// recall reads each member's memory before it looks whether it was touched: the
// other way round, a change in between would be seen by neither.
func (s *Store) recall(ctx context.Context, site string, ids []string, into []Recalled) error {
	pipe := s.redis.Pipeline()
	var memories []*redis.SliceCmd
	var tellings []*redis.Cmd
	for from := 0; from < len(ids); from += recallSize {
		part := ids[from:min(from+recallSize, len(ids))]
		memories = append(memories, pipe.MGet(ctx, memberKeys(site, part)...))
		keys, args := askWaits(site, part)
		tellings = append(tellings, waits.Eval(ctx, pipe, keys, args...))
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	for i, from := 0, 0; from < len(ids); i, from = i+1, from+recallSize {
		part := into[from:min(from+recallSize, len(ids))]
		if err := readMemories(memories[i], part); err != nil {
			return err
		}
		if err := readWaits(tellings[i], part); err != nil {
			return err
		}
	}
	return nil
}

func memberKeys(site string, ids []string) []string {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = memberKey(site, id)
	}
	return keys
}

func askWaits(site string, ids []string) (keys []string, args []any) {
	keys = append(make([]string, 0, len(ids)+1), touchedKey(site))
	for _, id := range ids {
		keys, args = append(keys, inboxKey(site, id)), append(args, id)
	}
	return keys, args
}

func readMemories(answer *redis.SliceCmd, into []Recalled) error {
	values, err := answer.Result()
	if err != nil {
		return err
	}
	for i, value := range values {
		raw, ok := value.(string)
		if !ok {
			continue
		}
		into[i].Known = true
		if into[i].Memory, err = member.MemoryOf([]byte(raw)); err != nil {
			return err
		}
	}
	return nil
}

func readWaits(answer *redis.Cmd, into []Recalled) error {
	told, err := answer.Slice()
	if err != nil {
		return err
	}
	for i := 0; i+2 < len(told); i += 3 {
		at, _ := told[i].(int64)
		wait, _ := told[i+1].(string)
		touched, _ := told[i+2].(int64)
		into[at].Waiting, into[at].Touched = Waiting(wait), touched == 1
	}
	return nil
}

// RecallAddresses returns what is kept of the addresses, by their AddressKey.
// Addresses of which nothing is known are left out.
func (s *Store) RecallAddresses(ctx context.Context, site string, emails []string) (map[string]member.Address, error) {
	all := make(map[string]member.Address, len(emails))
	for len(emails) > 0 {
		group := emails[:min(recallSize*inFlight, len(emails))]
		emails = emails[len(group):]
		pipe := s.redis.Pipeline()
		answers := askAddresses(ctx, pipe, site, group)
		_, _ = pipe.Exec(ctx) // each answer has its own error
		if err := readAddresses(answers, group, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}
