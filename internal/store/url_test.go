package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// place is what of a parsed URL decides where a client goes and as whom.
type place struct {
	Network, Addr, User, Password string
	DB                            int
	TLS                           bool
	Sentinels                     []string
	Master, SentUser, SentPass    string
}

func TestAURLNamesAPlace(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]place{
		"redis://localhost:6379":         {Network: "tcp", Addr: "localhost:6379"},
		"redis://h":                      {Network: "tcp", Addr: "h:6379"},
		" redis://h \n":                  {Network: "tcp", Addr: "h:6379"},
		"redis://:pw@h:1/3":              {Network: "tcp", Addr: "h:1", Password: "pw", DB: 3},
		"rediss://app:p%40w@[::1]:6380":  {Network: "tcp", Addr: "[::1]:6380", User: "app", Password: "p@w", TLS: true},
		"unix:///run/r.sock?db=2":        {Network: "unix", Addr: "/run/r.sock", DB: 2},
		"unix://app:pw@/run/r.sock":      {Network: "unix", Addr: "/run/r.sock", User: "app", Password: "pw"},
		"redis-sentinel://a,b:1,[::1]/m": {Sentinels: []string{"a:26379", "b:1", "[::1]:26379"}, Master: "m"},
		"redis-sentinel://u:p%2Fw@a/m/4": {Sentinels: []string{"a:26379"}, Master: "m", User: "u", Password: "p/w", DB: 4},
		"rediss-sentinel://a:1,::1/m":    {Sentinels: []string{"a:1", "[::1]:26379"}, Master: "m", TLS: true},
		"redis-sentinel://a/m?sentinel_username=s&sentinel_password=t": {
			Sentinels: []string{"a:26379"}, Master: "m", SentUser: "s", SentPass: "t",
		},
	} {
		got, err := parseURL(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if diff := cmp.Diff(want, got.place()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}

func (a *address) place() place {
	if o := a.single; o != nil {
		return place{Network: o.Network, Addr: o.Addr, User: o.Username, Password: o.Password, DB: o.DB, TLS: a.tls}
	}
	o := a.sentinel
	return place{
		Sentinels: o.SentinelAddrs, Master: o.MasterName, User: o.Username, Password: o.Password, DB: o.DB, TLS: a.tls,
		SentUser: o.SentinelUsername, SentPass: o.SentinelPassword,
	}
}

func TestAURLThatCannotBeUsedIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "s3cret", "s3cret:x", "s3cret://h", "http://u:s3cret@h",
		"redis://:s3c/ret@h", "redis://:123/s3cret@h/0", "redis://:s3cret%zz@h", "redis://h:s3cret", "redis://h/s3cret",
		"redis://h?s3cret=1", "redis://h?db=s3cret", "redis://h?read_timeout=s3cret", "unix://s3cret", "unix://u:s3cret@",
		"redis-sentinel://u:s3cret@a", "redis-sentinel://u:s3cret@a/", "redis-sentinel://u:s3cret@/m",
		"redis-sentinel://u:s3cret@a,/m", "redis-sentinel://u:s3cret@a/m/x", "redis-sentinel://u:s3cret@a/m/-1",
		"redis-sentinel://u:s3cret%zz@a/m", "redis-sentinel://u:s3c/ret@a/m", "redis-sentinel://u:s3c/ret@a", "redis-sentinel://u:1/s3cret@a", "redis-sentinel://a/m?s3cret=1",
		"redis-sentinel://a:b:s3cret/m",
	} {
		_, err := parseURL(raw)
		if !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v, want ErrURL", raw, err)
			continue
		}
		if text := err.Error(); strings.Contains(text, "s3c") || strings.Contains(text, "ret@") {
			t.Errorf("%q: the error quotes it: %v", raw, err)
		}
	}
}

func FuzzURL(f *testing.F) {
	f.Add("redis-sentinel://u:p@a,b:1/m/2?sentinel_password=x")
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := parseURL(raw)
		if (a == nil) == (err == nil) {
			t.Fatalf("parseURL(%q) = %v, %v", raw, a, err)
		}
		if err == nil && (a.single == nil) == (a.sentinel == nil) {
			t.Fatalf("parseURL(%q) names %+v", raw, a)
		}
	})
}
