package config

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ghostcm/ghostcm/internal/egress"
)

// baseURL reads a URL that paths are appended to. It is "" when unset or wrong.
func (r reader) baseURL(name string, p egress.Policy) string {
	raw := strings.TrimRight(r.text(name), "/")
	if raw == "" || !r.checkURL(name, raw, p) {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") {
		r.problem(name, "holds a query or a fragment", "leave out everything from the ? or # on")
		return ""
	}
	return raw
}

// secretURL reads a URL that may hold a token anywhere.
func (r reader) secretURL(name string, p egress.Policy) Secret {
	raw := r.secret(name)
	if !raw.IsSet() || !r.checkURL(name, raw.Reveal(), p) {
		return Secret{}
	}
	return raw
}

func (r reader) checkURL(name, raw string, p egress.Policy) bool {
	err := egress.CheckURL(raw, p)
	if err == nil {
		return true
	}
	wrong, fix := "is refused", "set the address as a browser shows it, with https://"
	if bad, ok := errors.AsType[*egress.URLError](err); ok {
		wrong = "is refused: " + bad.Why
	}
	if forbidden, ok := errors.AsType[*egress.ForbiddenError](err); ok {
		wrong, fix = forbidden.Host+" is "+forbidden.Why, r.allowance(name, forbidden.Allowable)
	}
	r.problem(name, wrong, fix)
	return false
}

// allowance names what would allow a refused address.
func (r reader) allowance(name string, allowable bool) string {
	switch {
	case !allowable:
		return "set another address; nothing allows this one"
	case name == "GHOST_URL":
		return "if that is intended, set " + r.key("GHOST_ALLOW_PRIVATE") + "=true"
	}
	return "set an address on the internet, or, in development only, ALLOW_INSECURE_URLS=true"
}

func redis(r reader, o Options) Redis {
	raw := r.secret("REDIS_URL")
	if wrong := wrongRedis(raw.Reveal()); wrong != "" {
		r.problem("REDIS_URL", wrong, "set redis://[user:password@]host:6379/0, rediss://…, unix:///path/to.sock "+
			"or redis-sentinel://host1,host2/master/0")
	}
	c := Redis{URL: raw, TLSCA: r.path("REDIS_TLS_CA", o), TLSCert: r.path("REDIS_TLS_CERT", o), TLSKey: r.path("REDIS_TLS_KEY", o)}
	if r.isGiven("REDIS_TLS_CERT") != r.isGiven("REDIS_TLS_KEY") {
		r.problem("REDIS_TLS_CERT", "and REDIS_TLS_KEY belong together, and one is missing", "set both or none")
	}
	return c
}

// wrongRedis checks the form only; the package that connects reads it for good.
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

// path reads the path of a file that must be readable.
func (r reader) path(name string, o Options) string {
	path := r.text(name)
	if path == "" {
		return ""
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.Dir, path)
	}
	file, err := os.Open(path)
	if err != nil {
		r.problem(name, "the file cannot be read: "+reason(err), "check the path and who may read it")
		return ""
	}
	_ = file.Close()
	return path
}
