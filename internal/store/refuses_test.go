package store_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/store"
)

// What Redis says of its state or of our rights may be another word tomorrow.
func TestOnlyADeliveryItselfIsRefusedForEver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.redis.Set(t.Context(), "{ghostcm}:inbox:"+site+":"+id, "no hash", 0)
	_, broken := b.Accept(t.Context(), store.Delivery{Site: site, Event: b.editedOf(id)}, job("one"))
	order := func(args ...any) {
		if err := b.redis.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	order("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-exists")
	limited := open(t, store.Options{URL: b.redis.Options().Network + "://limited:secret@" + b.redis.Options().Addr, Timeouts: store.WorkerTimeouts()})
	_, lacking := store.New(limited, b.clock).Accept(t.Context(), store.Delivery{Site: site, Event: b.editedOf(other)}, job("two"))
	order("CONFIG", "SET", "maxmemory", "1")
	_, full := b.Accept(t.Context(), store.Delivery{Site: site, Event: b.editedOf(other)}, job("three"))
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"a key of another type": {broken, true},
		"the same, of Redis 6.2": {wrong("ERR Error running script (call to f_1): @user_script:9: " +
			"WRONGTYPE Operation against a key holding the wrong kind of value"), true},
		"a right that a script lacks":    {lacking, false},
		"no memory":                      {full, false},
		"a replica that was, in a 6.2":   {wrong("ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -READONLY You can't write"), false},
		"a connection that ended":        {io.ErrUnexpectedEOF, false},
		"an error of ours around theirs": {fmt.Errorf("handing in: %w", broken), true},
	} {
		if c.err == nil || store.Refuses(c.err) != c.want {
			t.Errorf("%s: %v is refused for ever: %t", name, c.err, !c.want)
		}
	}
}

type wrong string

func (w wrong) Error() string { return string(w) }
func (wrong) RedisError()     {}

var _ redis.Error = wrong("")
