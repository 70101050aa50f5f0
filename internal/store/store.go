// Package store is what ghostcm remembers in Redis: the inbox of members whose
// events wait, the memory of each member and address, the locks that make one
// writer per member, the pace and gate of each site, the deliveries and the
// ledger of purchases, and what operators were told, did and asked for.
//
// Every change that must not be seen by halves is one script. All keys carry
// one hash tag, so that they live on one node of a cluster, and are listed in
// keys.go and payment_keys.go. What the values mean is decided in packages member
// and payment.
package store

import (
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Store keeps everything under one namespace of a Redis. It is safe for
// concurrent use by any number of processes.
type Store struct {
	redis   redis.UniversalClient
	now     func() time.Time
	accepts *together
}

// New makes a store over an open client, which stays the caller's to close.
func New(client redis.UniversalClient, now func() time.Time) *Store {
	return &Store{redis: client, now: now, accepts: &together{client: client, script: accept}}
}

func (s *Store) nowMillis() string { return strconv.FormatInt(s.now().UnixMilli(), 10) }

// Client is an open connection pool, as Open makes it.
type Client = *redis.Client
