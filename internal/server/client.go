package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddr returns the address that a request came from: of the connection's
// other end, or, if that is a trusted proxy, the nearest address in
// X-Forwarded-For that is none. Every proxy adds the address it saw on the
// right, so what stands left of the first stranger is that stranger's word.
//
// The zero Addr stands for a client without an address (a unix socket with no
// usable header).
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client, viaSocket := peer(r.RemoteAddr)
	if !viaSocket && !isTrusted(client, trusted) {
		return client
	}
	for hop := range hops(r.Header.Values("X-Forwarded-For")) {
		addr, ok := parseHop(hop)
		if !ok {
			return client
		}
		client = addr
		if !isTrusted(addr, trusted) {
			return client
		}
	}
	return client
}

// peer reads a connection's remote address. On a unix socket there is none:
// only a process of this machine, let in by the file's mode, is at its end.
func peer(remote string) (addr netip.Addr, viaSocket bool) {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		return ap.Addr().Unmap().WithZone(""), false
	}
	return netip.Addr{}, remote == "" || remote == "@" || strings.HasPrefix(remote, "/")
}

// hops yields the entries of all lines from the right to the left, trimmed.
func hops(lines []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				var last string
				line, last, more = cutLast(line)
				if !yield(strings.TrimSpace(last)) {
					return
				}
			}
		}
	}
}

// cutLast cuts after the last comma.
func cutLast(s string) (before, last string, found bool) {
	if i := strings.LastIndexByte(s, ','); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return "", s, false
}

// parseHop reads an address with or without a port. Some proxies add one.
func parseHop(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = ap.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// OverTLS says whether a request's client spoke TLS: to this process, or to a
// trusted proxy that says so.
func OverTLS(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	near, viaSocket := peer(r.RemoteAddr)
	return (viaSocket || isTrusted(near, trusted)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
