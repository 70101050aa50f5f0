package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// FuzzForwardedFor wants that nobody chooses the address that is counted: a stranger's
// header changes nothing, and behind a proxy only what the proxy itself added counts.
func FuzzForwardedFor(f *testing.F) {
	f.Add("203.0.113.9", "198.51.100.7, 10.0.0.1")
	f.Add("10.0.0.1", "198.51.100.7:99, [2001:db8::1]:80,, unknown")
	f.Add("::1", "::ffff:10.0.0.1%eth0, for=x")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	f.Fuzz(func(t *testing.T, peerText, header string) {
		near, err := netip.ParseAddr(peerText)
		if err != nil {
			return
		}
		near = near.Unmap().WithZone("")
		client := func(headers ...string) netip.Addr {
			return clientAddr(&http.Request{
				RemoteAddr: netip.AddrPortFrom(near, 1).String(), Header: http.Header{"X-Forwarded-For": headers},
			}, trusted)
		}
		got := client(header)
		if !isTrusted(near, trusted) && got != near {
			t.Fatalf("%v is counted as %v by its own word %q", near, got, header)
		}
		if got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%v has two forms", got)
		}
		if !isTrusted(near, trusted) {
			return
		}
		// What the proxy adds on the right is the client, whatever stands left of it.
		if is := client(header, "192.0.2.1"); is != netip.MustParseAddr("192.0.2.1") {
			t.Fatalf("behind %q the client is %v", header, is)
		}
		if is := client(header + ", 192.0.2.1"); is != netip.MustParseAddr("192.0.2.1") {
			t.Fatalf("behind %q the client is %v", header, is)
		}
		if key := clientKey(got); got.IsValid() && !key.Contains(got) || strings.Contains(key.String(), "/128") {
			t.Fatalf("%v is counted as %v", got, key)
		}
	})
}
