// Package store is what ghostcm remembers in Redis: the inbox of members whose
// events wait, the memory of each member and address, the locks that make one
// writer per member, and the pace and gate of each site.
//
// Every change that must not be seen by halves is one script. All keys carry
// one hash tag, so that they live on one node of a cluster, and are listed in
// keys.go. What the values mean is decided in package member.
package store

import (
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Store keeps everything under one namespace of a Redis. It is safe for
// concurrent use by any number of processes.
type Store struct {
	redis redis.UniversalClient
	now   func() time.Time
}

// New makes a store over an open client, which stays the caller's to close.
func New(client redis.UniversalClient, now func() time.Time) *Store {
	return &Store{redis: client, now: now}
}

func (s *Store) nowMillis() string { return strconv.FormatInt(s.now().UnixMilli(), 10) }

// Client is an open connection pool, as Open makes it.
type Client = *redis.Client
