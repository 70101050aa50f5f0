package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/server"
)

func from(remote string, forwarded ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = remote
	for _, line := range forwarded {
		r.Header.Add("X-Forwarded-For", line)
	}
	return r
}

// same says whether two requests are counted together: of one token, one of them gets it.
func same(a, b *http.Request, trusted ...netip.Prefix) bool {
	now := time.Now()
	l := server.NewLimiter(1, trusted, func() time.Time { return now })
	l.Take(a)
	_, ok := l.Take(b)
	return !ok
}

func TestAClientIsWhoTheNearestTrustedProxySaw(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8"),
	}
	const proxy = "127.0.0.1:4000"
	client := from("203.0.113.9:1234")
	tests := map[string]struct {
		request *http.Request
		same    bool
	}{
		"itself from another port":       {from("203.0.113.9:99"), true},
		"another address":                {from("203.0.113.8:1234"), false},
		"through a proxy":                {from(proxy, "203.0.113.9"), true},
		"through an IPv6 proxy":          {from("[::1]:4000", "203.0.113.9"), true},
		"with a port":                    {from(proxy, "203.0.113.9:5555"), true},
		"mapped into IPv6":               {from(proxy, "::ffff:203.0.113.9"), true},
		"mapped connection":              {from("[::ffff:203.0.113.9]:1234"), true},
		"through two proxies":            {from(proxy, "203.0.113.9, 10.1.2.3"), true},
		"through two proxies, two lines": {from(proxy, "203.0.113.9", "10.1.2.3"), true},
		"claiming to be someone else":    {from(proxy, "198.51.100.7, 203.0.113.9"), true},
		"claiming in a line before":      {from(proxy, "198.51.100.7", "203.0.113.9"), true},
		"claiming to be a proxy":         {from(proxy, "10.9.9.9, 203.0.113.9"), true},
		"another who names it":           {from(proxy, "203.0.113.9, 198.51.100.7"), false},
		"a stranger who names it":        {from("198.51.100.7:1", "203.0.113.9"), false},
		"itself, naming another":         {from("203.0.113.9:7", "198.51.100.7"), true},
		"nonsense from a proxy":          {from(proxy, "nobody"), false},
		"nonsense behind it":             {from(proxy, "nobody, 203.0.113.9"), true},
		"through a unix socket":          {from("@", "203.0.113.9"), true},
		"a unix socket without a header": {from("@"), false},
	}
	for name, tt := range tests {
		if got := same(client, tt.request, trusted...); got != tt.same {
			t.Errorf("%s: counted together %v, want %v", name, got, tt.same)
		}
	}
}

func TestWhatIsNoAddressCountsForTheProxyThatSentIt(t *testing.T) {
	t.Parallel()
	trusted := netip.MustParsePrefix("127.0.0.0/8")
	if !same(from("127.0.0.1:1"), from("127.0.0.1:2", "nobody"), trusted) {
		t.Error("a proxy got another bucket by sending nonsense")
	}
}

func TestNobodyIsTrustedUnlessConfigured(t *testing.T) {
	t.Parallel()
	if !same(from("127.0.0.1:1", "203.0.113.9"), from("127.0.0.1:2", "198.51.100.7")) {
		t.Error("a header changed the address without a trusted proxy")
	}
}

func TestAnIPv6ClientIsItsNetwork(t *testing.T) {
	t.Parallel()
	client := from("[2001:db8:1:2::1]:1")
	if !same(client, from("[2001:db8:1:2:ffff::9]:1")) {
		t.Error("two addresses of one /64 are counted apart")
	}
	if same(client, from("[2001:db8:1:3::1]:1")) {
		t.Error("two networks are counted together")
	}
}

func TestANetworkIsToldApartAndNotTold(t *testing.T) {
	t.Parallel()
	network := server.NewLimiter(1, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, time.Now).Network
	home := network(from("192.0.2.1:1"))
	if len(home) != 8 || strings.Contains(home, "192") || home != network(from("192.0.2.99:2")) || home == network(from("192.0.3.1:1")) {
		t.Errorf("a network of IPv4 is %q", home)
	}
	if v6 := network(from("[2001:db8:1:2::1]:1")); v6 != network(from("[2001:db8:1:ffff::1]:1")) || v6 == network(from("[2001:db8:2::1]:1")) {
		t.Errorf("a network of IPv6 is %q", v6)
	}
	if network(from("198.51.100.1:1", "192.0.2.1")) == home || network(from("10.0.0.1:1", "192.0.2.1")) != home {
		t.Error("a stranger chooses its network, or a proxy hides it")
	}
}

func TestABucketHoldsAMinuteAndFillsSteadily(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := server.NewLimiter(100, nil, func() time.Time { return now })
	take := func(n int) (taken int, wait time.Duration) {
		for range n {
			w, ok := l.Take(from("203.0.113.9:1"))
			if ok {
				taken++
			}
			wait = w
		}
		return taken, wait
	}
	taken, wait := take(500)
	if taken != 100 || wait.Round(time.Millisecond) != 600*time.Millisecond {
		t.Errorf("%d taken at once, then a wait of %v; want 100, 600ms", taken, wait)
	}
	now = now.Add(6*time.Second + time.Millisecond)
	if taken, _ := take(500); taken != 10 {
		t.Errorf("%d taken after 6 s, want 10", taken)
	}
	if _, ok := l.Take(from("203.0.113.10:1")); !ok {
		t.Error("one client emptied the bucket of another")
	}
}

func TestZeroIsNoLimit(t *testing.T) {
	t.Parallel()
	l := server.NewLimiter(0, nil, time.Now)
	for range 1000 {
		if _, ok := l.Take(from("203.0.113.9:1")); !ok {
			t.Fatal("a request was limited")
		}
	}
}

// 20,000 clients are more than it remembers: those seen last keep their count.
func TestManyClientsDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := server.NewLimiter(1, nil, func() time.Time { return now })
	client := func(i int) *http.Request {
		return from("[2001:db8:" + strconv.FormatInt(int64(i>>16), 16) + ":" + strconv.FormatInt(int64(i&0xffff), 16) + "::1]:1")
	}
	for i := range 20_000 {
		l.Take(client(i))
	}
	if _, ok := l.Take(client(19_999)); ok {
		t.Error("the client seen last was forgotten")
	}
	if _, ok := l.Take(client(0)); !ok {
		t.Error("the client seen first is still remembered")
	}
}
