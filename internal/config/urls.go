package config

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
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
