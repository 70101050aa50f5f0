package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/go-redis/v9"
)

const (
	dialTimeout = 5 * time.Second
	// ioTimeout bounds one command of a worker. A network that was cut without a
	// word is noticed after it, well within the minute promised for recovery.
	ioTimeout = 30 * time.Second
	// freshFor is how long a connection that worked is believed to work still. One
	// that does not costs a fetch that the library repeats, or a commit that is kept.
	freshFor = time.Second
)

type dialFunc func(context.Context) (redigo.Conn, error)

var errUnsupportedClient = errors.New("jobs: the Redis client is neither a single node, a Sentinel group nor a cluster")

// dialer opens connections the way the client is configured: TCP, unix socket,
// TLS, ACL user, the current master behind Sentinel, or the cluster's node
// that owns the namespace.
func dialer(client redis.UniversalClient) dialFunc {
	return func(ctx context.Context) (redigo.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		o, err := options(ctx, client)
		if err != nil {
			return nil, err
		}
		nc, err := o.Dialer(ctx, o.Network, o.Addr)
		if err != nil {
			return nil, fmt.Errorf("dialling Redis: %w", err)
		}
		c := redigo.NewConn(nc, ioTimeout, ioTimeout)
		if err := prepare(ctx, c, o); err != nil {
			c.Close() //nolint:errcheck // the first error says more
			return nil, fmt.Errorf("preparing a Redis connection: %w", err)
		}
		return c, nil
	}
}

func options(ctx context.Context, client redis.UniversalClient) (*redis.Options, error) {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options(), nil
	case *redis.ClusterClient:
		node, err := c.MasterForKey(ctx, aliveKey)
		if err != nil {
			return nil, fmt.Errorf("finding the node of the queue: %w", err)
		}
		return node.Options(), nil
	}
	return nil, errUnsupportedClient
}

func prepare(ctx context.Context, c redigo.Conn, o *redis.Options) error {
	user, password, err := credentials(ctx, o)
	if err != nil {
		return err
	}
	if password != "" {
		login := []any{password}
		if user != "" {
			login = []any{user, password}
		}
		if _, err := c.Do("AUTH", login...); err != nil {
			return err
		}
	}
	if o.DB > 0 {
		if _, err := c.Do("SELECT", o.DB); err != nil {
			return err
		}
	}
	return writable(c)
}

func credentials(ctx context.Context, o *redis.Options) (user, password string, err error) {
	switch {
	case o.CredentialsProviderContext != nil:
		return o.CredentialsProviderContext(ctx)
	case o.CredentialsProvider != nil:
		user, password = o.CredentialsProvider()
		return user, password, nil
	}
	return o.Username, o.Password, nil
}

// writable asks for a write that changes nothing: a dead connection, a demoted
// master, a node that lost the slot and a server still loading all refuse it.
func writable(c redigo.Conn) error {
	_, err := c.Do("HDEL", aliveKey, "x")
	return err
}

// pool makes the worker pool's connections. Dialling waits for Redis to come
// back, since the library forgets a job whose last command it cannot send;
// once the keeper is closed it gives up after one try, so that stopping ends.
func (k *keeper) redisPool(
	ctx context.Context, size int, dial dialFunc, wrap func(redigo.Conn) redigo.Conn, failed func(error),
) *redigo.Pool {
	return &redigo.Pool{
		MaxActive: size, MaxIdle: size, Wait: true,
		TestOnBorrow: func(c redigo.Conn, lastUsed time.Time) error {
			if w, ok := c.(*conn); ok && !w.doubt && time.Since(lastUsed) < freshFor {
				return nil
			}
			return writable(c)
		},
		Dial: func() (redigo.Conn, error) {
			for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
				c, err := dial(ctx)
				if err == nil {
					return wrap(c), nil
				}
				failed(err)
				k.turned()
				select {
				case <-time.After(pause):
				case <-k.closed:
					return nil, err
				case <-ctx.Done():
					return nil, err
				}
			}
		},
	}
}
