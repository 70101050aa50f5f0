package egress

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const maxURL = 2048

// CheckURL says whether p allows requests to raw, as far as can be told
// without the network: its scheme, its form, and a host that is an address in
// any spelling or a name that is known to be a metadata service or loopback.
// Names are judged by their addresses when they are dialled (Client) or by
// Resolve. The error is ErrBadURL or ErrForbiddenAddress and never quotes the
// URL, which may hold a secret.
func CheckURL(raw string, p Policy) error {
	if len(raw) > maxURL {
		return badURL("longer than 2048 characters")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return badURL("not a URL like https://example.com")
	}
	return checkParsed(u, p)
}

func checkParsed(u *url.URL, p Policy) error {
	switch {
	case u.Scheme == "http" && !p.AllowHTTP:
		return badURL("http is refused, use https (in development only: ALLOW_INSECURE_URLS=true)")
	case u.Scheme != "https" && u.Scheme != "http":
		return badURL("it must start with https://")
	case u.User != nil:
		return badURL("no user name or password belongs into it")
	case u.Opaque != "" || u.Hostname() == "":
		return badURL("it has no host")
	case !validPort(u.Port()):
		return badURL("its port is not between 1 and 65535")
	}
	return checkHost(u.Hostname(), p)
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || (err == nil && n > 0)
}

func checkHost(host string, p Policy) error {
	// A trailing dot only makes a name absolute: what it names stays the same.
	name := strings.ToLower(strings.TrimRight(host, "."))
	if addr, err := netip.ParseAddr(name); err == nil {
		return CheckAddr(addr, p)
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || name == "" || strings.Contains(name, "..") {
		return badURL("its host may hold only letters, digits, dots and hyphens (write an international name as xn--…)")
	}
	if addr, numeric := oldIPv4(name); numeric {
		return checkOldSpelling(addr, p)
	}
	return checkName(name, p)
}

// checkOldSpelling always refuses: programs read such spellings differently,
// so an allowed one could be reached as another.
func checkOldSpelling(addr netip.Addr, p Policy) error {
	if addr.IsValid() {
		if err := CheckAddr(addr, p); err != nil {
			return err
		}
	}
	return badURL("write the address as four decimal numbers without leading zeros")
}

func checkName(name string, p Policy) error {
	switch {
	case isMetadataName(name):
		return &ForbiddenError{Host: name, Why: "a metadata service"}
	case !p.AllowPrivate && (name == "localhost" || strings.HasSuffix(name, ".localhost")):
		return &ForbiddenError{Host: name, Why: "a loopback address", Allowable: true}
	}
	return nil
}

func isMetadataName(name string) bool {
	switch name {
	case "metadata", "metadata.google.internal", "metadata.goog", "metadata.internal", "metadata.azure.internal",
		"metadata.azure.com", "metadata.tencentyun.com", "metadata.platformequinix.com",
		"instance-data", "instance-data.ec2.internal":
		return true
	}
	return strings.HasSuffix(name, ".metadata.google.internal")
}

// Resolver turns a name into its addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Resolve is CheckURL with the network: every address that the host resolves
// to now must be allowed. For the start of a program and for doctor; it does
// not replace the check of each dial.
func Resolve(ctx context.Context, r Resolver, raw string, p Policy) error {
	if err := CheckURL(raw, p); err != nil {
		return err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return badURL("not a URL")
	}
	addrs, err := r.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return fmt.Errorf("resolve host: %w", err)
	}
	for _, addr := range addrs {
		if err := CheckAddr(addr, p); err != nil {
			return fmt.Errorf("%s resolves to an address that is refused: %w", u.Hostname(), err)
		}
	}
	return nil
}
