package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ErrURL means that REDIS_URL cannot be used. The errors that wrap it never quote
// the URL nor a part of it: whatever went wrong, any part may hold the password.
var ErrURL = errors.New("the Redis URL is not valid")

const forms = "use redis://[user:password@]host[:port][/db], rediss://…, unix://[user:password@]/path[?db=N] or " +
	"redis-sentinel://[user:password@]host[:port],host[:port]/master[/db]; write / @ # ? % and : in a password percent-encoded"

const sentinelPort = "26379"

// address is a parsed URL: exactly one of the two is set.
type address struct {
	single   *redis.Options
	sentinel *redis.FailoverOptions
	tls      bool
}

// parseURL reads the forms of a Redis URL:
//
//	redis://[user:password@]host[:port][/db]       rediss:// the same over TLS
//	unix://[user:password@]/path/redis.sock[?db=N]
//	redis-sentinel://[user:password@]host[:port],…/master[/db]
//
// The first three take go-redis' query parameters. The Sentinel form takes
// sentinel_username and sentinel_password, for Sentinels that ask; its user and
// password are the data servers'. rediss-sentinel:// is TLS to both.
func parseURL(raw string) (*address, error) {
	scheme, rest, found := strings.Cut(strings.TrimSpace(raw), "://")
	if !found {
		return nil, fmt.Errorf("%w: it has no scheme; %s", ErrURL, forms)
	}
	switch scheme {
	case "redis", "rediss", "unix":
		opts, err := redis.ParseURL(strings.TrimSpace(raw))
		if err != nil {
			// Not wrapped: the library quotes the URL.
			return nil, fmt.Errorf("%w: %s", ErrURL, forms)
		}
		return &address{single: opts, tls: scheme == "rediss"}, nil
	case "redis-sentinel", "rediss-sentinel":
		opts, err := parseSentinel(rest)
		if err != nil {
			return nil, err
		}
		return &address{sentinel: opts, tls: scheme == "rediss-sentinel"}, nil
	default:
		return nil, fmt.Errorf("%w: its scheme is unknown; %s", ErrURL, forms)
	}
}

// parseSentinel takes what follows the scheme. net/url has no hosts in a list,
// so they are taken out before it reads the rest.
func parseSentinel(rest string) (*redis.FailoverOptions, error) {
	authority, path, _ := strings.Cut(rest, "/")
	user, hosts := "", authority
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		user, hosts = authority[:at+1], authority[at+1:]
	}
	u, err := url.Parse("redis-sentinel://" + user + "host/" + path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrURL, forms) // not wrapped: it quotes the URL
	}
	opts := &redis.FailoverOptions{}
	if opts.SentinelAddrs, err = sentinelAddrs(hosts); err != nil {
		return nil, err
	}
	if opts.MasterName, opts.DB, err = masterAndDB(u.Path); err != nil {
		return nil, err
	}
	opts.Username = u.User.Username()
	opts.Password, _ = u.User.Password()
	query := u.Query()
	opts.SentinelUsername, opts.SentinelPassword = query.Get("sentinel_username"), query.Get("sentinel_password")
	query.Del("sentinel_username")
	query.Del("sentinel_password")
	if len(query) > 0 {
		return nil, fmt.Errorf("%w: of parameters, Sentinel URLs take sentinel_username and sentinel_password only", ErrURL)
	}
	return opts, nil
}

func sentinelAddrs(hosts string) ([]string, error) {
	var addrs []string
	for host := range strings.SplitSeq(hosts, ",") {
		name, port, err := net.SplitHostPort(strings.TrimSpace(host))
		if err != nil {
			name, port = strings.Trim(strings.TrimSpace(host), "[]"), sentinelPort
		}
		_, portErr := strconv.ParseUint(port, 10, 16)
		if name == "" || portErr != nil || (strings.Contains(name, ":") && net.ParseIP(name) == nil) {
			return nil, fmt.Errorf("%w: its list of Sentinels has one that is no host[:port]; %s", ErrURL, forms)
		}
		addrs = append(addrs, net.JoinHostPort(name, port))
	}
	return addrs, nil
}

func masterAndDB(path string) (master string, db int, err error) {
	master, number, hasDB := strings.Cut(strings.Trim(path, "/"), "/")
	if master == "" || strings.Contains(master, "@") { // an @ here: the password had a /
		return "", 0, fmt.Errorf("%w: it names no master; %s", ErrURL, forms)
	}
	if !hasDB {
		return master, 0, nil
	}
	if db, err = strconv.Atoi(number); err != nil || db < 0 {
		return "", 0, fmt.Errorf("%w: its database is no number; %s", ErrURL, forms)
	}
	return master, db, nil
}
