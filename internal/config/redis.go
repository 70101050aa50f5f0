package config

import (
	"strconv"
	"strings"

	"github.com/ghostcm/ghostcm/internal/store"
)

func redis(r reader, o Options) Redis {
	raw := r.secret("REDIS_URL")
	wrong := wrongRedis(raw.Reveal())
	if wrong != "" {
		r.problem("REDIS_URL", wrong, "set redis://[user:password@]host:6379/0, rediss://…, unix:///path/to.sock "+
			"or redis-sentinel://host1,host2/master/0")
	}
	c := Redis{URL: raw, TLSCA: r.path("REDIS_TLS_CA", o), TLSCert: r.path("REDIS_TLS_CERT", o), TLSKey: r.path("REDIS_TLS_KEY", o)}
	if r.isGiven("REDIS_TLS_CERT") != r.isGiven("REDIS_TLS_KEY") {
		r.problem("REDIS_TLS_CERT", "and REDIS_TLS_KEY belong together, and one is missing", "set both or none")
	} else if wrong == "" {
		r.opens(c)
	}
	return c
}

// opens asks the package that connects, which does not connect yet. Its errors
// quote no secret, but name several settings: here each gets its own.
func (r reader) opens(c Redis) {
	fails := func(ca, cert, key string) bool {
		client, err := store.Open(store.Options{URL: c.URL.Reveal(), TLSCA: ca, TLSCert: cert, TLSKey: key})
		return err != nil || client.Close() != nil
	}
	encrypted := strings.HasPrefix(c.URL.Reveal(), "rediss")
	switch {
	case fails("", "", ""):
		r.problem("REDIS_URL", "cannot be read, or has a parameter that is none",
			"write / @ # ? % and : in a password percent-encoded, like %2F")
	case !encrypted && c.TLSCA+c.TLSCert != "":
		r.problem("REDIS_URL", "is not encrypted, though REDIS_TLS_… files are set", "use rediss:// or rediss-sentinel://, or unset them")
	case fails(c.TLSCA, "", ""):
		r.problem("REDIS_TLS_CA", "holds no certificate", "set a file with the authority's certificate in PEM form")
	case fails("", c.TLSCert, c.TLSKey):
		r.problem("REDIS_TLS_CERT", "and REDIS_TLS_KEY are no certificate with its key", "set two files in PEM form that belong together")
	}
}

// wrongRedis says what is wrong with the form, where the package that connects
// would say only that something is.
// net/url is of no use for several hosts, and its errors quote the password.
func wrongRedis(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return "has no scheme"
	}
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	switch scheme {
	case "unix":
		if !strings.HasPrefix(rest, "/") {
			return "needs the absolute path of a socket"
		}
		return ""
	case "redis", "rediss":
		return wrongHosts(rest, 1)
	case "redis-sentinel", "rediss-sentinel":
		return wrongHosts(rest, 2)
	}
	return "has a scheme that is none of redis, rediss, unix and redis-sentinel"
}

// wrongHosts checks hosts[/…] where at most segments of path follow, the last
// being the number of a database; Sentinel's first is the name of the master.
func wrongHosts(rest string, segments int) string {
	hosts, path, _ := strings.Cut(rest, "/")
	for host := range strings.SplitSeq(hosts, ",") {
		_, port, hasPort := strings.Cut(host[strings.LastIndexByte(host, ']')+1:], ":")
		n, err := strconv.Atoi(port)
		if host == "" || strings.HasPrefix(host, ":") || (hasPort && (err != nil || n < 1 || n > 65535)) {
			return "has no host, or a port that is none"
		}
	}
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if segments == 1 && strings.Contains(hosts, ",") {
		return "has several hosts, which only redis-sentinel:// takes"
	}
	if segments == 2 && parts[0] == "" {
		return "lacks the name of the master"
	}
	if len(parts) > segments {
		return "has too long a path"
	}
	if db := parts[len(parts)-1]; len(parts) == segments && db != "" {
		if n, err := strconv.Atoi(db); err != nil || n < 0 {
			return "has a database that is no number"
		}
	}
	return ""
}
