package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is what a Redis says of itself.
type Server struct {
	// Latency is the median of three round trips.
	Latency time.Duration
	// Ahead is how far its clock is ahead of ours; negative if behind.
	Ahead time.Duration

	// Untold is whether the user may not ask INFO: then nothing below is known.
	Untold     bool
	Version    string // "7.0.15"; of Valkey the version of Redis that it stands for
	Valkey     string // "" for Redis
	Replica    bool
	Policy     string // maxmemory-policy
	UsedMemory int64  // bytes
	MaxMemory  int64  // bytes; 0 is no limit

	AOF          bool // appendonly yes
	AOFFails     bool // the last write of the append-only file failed
	SnapshotFail bool // the last snapshot failed
	// Fsync and Save are appendfsync and save. ConfigUntold is whether the user
	// may not ask CONFIG GET, as managed services have it.
	ConfigUntold bool
	Fsync, Save  string
}

// Server asks Redis for everything that the durability of the queue depends on.
// It writes nothing, not even what Writable does, and the error is of the first
// command that found no Redis that takes commands and writes.
func (s *Store) Server(ctx context.Context) (Server, error) {
	var seen Server
	var err error
	if seen.Latency, err = s.latency(ctx); err != nil {
		return Server{}, fmt.Errorf("asking redis: %w", err)
	}
	if seen.Ahead, err = s.ahead(ctx); err != nil {
		return Server{}, fmt.Errorf("asking redis for its time: %w", err)
	}
	// XX: only over a probe of Writable that is there already. Whether writes are
	// taken is judged before that is looked at.
	if err := s.redis.SetXX(ctx, probeKey, "1", time.Minute).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return Server{}, fmt.Errorf("redis takes no writes: %w", err)
	}
	if err := s.askInfo(ctx, &seen); err != nil {
		return Server{}, err
	}
	return seen, s.askConfig(ctx, &seen)
}

func (s *Store) latency(ctx context.Context) (time.Duration, error) {
	const rounds = 3
	took := make([]time.Duration, 0, rounds)
	if err := s.redis.Ping(ctx).Err(); err != nil { // connects
		return 0, err
	}
	for range rounds {
		begin := time.Now()
		if err := s.redis.Ping(ctx).Err(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[rounds/2], nil
}

// ahead compares the clocks as of the middle of a round trip.
func (s *Store) ahead(ctx context.Context) (time.Duration, error) {
	before := s.now()
	at, err := s.redis.Time(ctx).Result()
	if err != nil {
		return 0, err
	}
	after := s.now()
	return at.Sub(before.Add(after.Sub(before) / 2)), nil
}

func (s *Store) askInfo(ctx context.Context, seen *Server) error {
	text, err := s.redis.Info(ctx).Result()
	if refused(err) {
		seen.Untold = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking redis for its state: %w", err)
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[key] = value
		}
	}
	seen.Version, seen.Valkey = info["redis_version"], info["valkey_version"]
	seen.Replica = info["role"] == "slave"
	seen.Policy = info["maxmemory_policy"]
	seen.UsedMemory, seen.MaxMemory = number(info["used_memory"]), number(info["maxmemory"])
	seen.AOF = info["aof_enabled"] == "1"
	seen.AOFFails = info["aof_last_write_status"] == "err"
	seen.SnapshotFail = info["rdb_last_bgsave_status"] == "err"
	return nil
}

func (s *Store) askConfig(ctx context.Context, seen *Server) error {
	for name, into := range map[string]*string{"appendfsync": &seen.Fsync, "save": &seen.Save} {
		values, err := s.redis.ConfigGet(ctx, name).Result()
		if refused(err) {
			seen.ConfigUntold = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("asking redis for its configuration: %w", err)
		}
		*into = values[name]
	}
	return nil
}

// refused says whether Redis itself answered that it will not do a command.
func refused(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && !errors.Is(err, redis.Nil)
}

// Refuses says whether an error is Redis' answer about what it was asked to do with
// its data, and would be the same at the next try: a key holds what it cannot hold. Of
// anything else it is not known: ERR is also what a script gets that lacks a right,
// and before Redis 7 what it gets for the state of its master.
func Refuses(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return false
	}
	return strings.HasPrefix(reply.Error(), "WRONGTYPE") || strings.Contains(reply.Error(), "WRONGTYPE Operation")
}

// AtLeast says whether the version is this one or newer; false if it is unknown.
func (s Server) AtLeast(major, minor int) bool {
	first, rest, _ := strings.Cut(s.Version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(second)
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}
