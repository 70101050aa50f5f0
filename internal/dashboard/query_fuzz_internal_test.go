package dashboard

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzOwnPath wants that nobody is led elsewhere after signing in.
func FuzzOwnPath(f *testing.F) {
	for _, s := range []string{
		"/dashboard/letters?site=blog", "//evil.example/dashboard/", "/dashboard//evil.example", "/\\evil.example", "https:/dashboard/",
		"/dashboard/..//evil.example", "/dashboard/%2e%2e/x", "/dashboard/\t//evil.example", "\x00/dashboard/", "/dashboard/%2f%2fevil", "/dashboard?//evil",
	} {
		f.Add(s)
	}
	base, err := url.Parse("https://ghostcm.example/dashboard/signin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		path := ownPath(next)
		if path != Base && path != next {
			t.Fatalf("%q became %q", next, path)
		}
		to, err := base.Parse(path)
		if err != nil || to.Host != base.Host || to.Scheme != "https" || to.User != nil || to.Path != Base && !strings.HasPrefix(to.Path, Base+"/") {
			t.Fatalf("%q leads to %v, %v", next, to, err)
		}
		if strings.ContainsAny(path, "\r\n\\") || len(path) > 2000 || strings.HasPrefix(path, "//") {
			t.Fatalf("%q goes into a header", path)
		}
	})
}

// FuzzQueries wants that a page's address says what the page was asked, and no more.
func FuzzQueries(f *testing.F) {
	f.Add("site=blog&kind=member&from=24h&after=1-2&before=1790000000000")
	f.Add("site=a&site=b&email=%00&whose=%ff&before=-1&state=x;y")
	f.Add("before=9223372036854775807&after=%0d%0a")
	f.Fuzz(func(t *testing.T, raw string) {
		q, _ := url.ParseQuery(raw) // what can be read of it, as of a request
		letters := letterQuery(q)
		again, err := url.ParseQuery(letters.values("after", letters.After))
		if got := letterQuery(again); err != nil || got != letters {
			t.Fatalf("%q is %+v, written and read %+v, %v", raw, letters, got, err)
		}
		purchases := purchaseQuery(q)
		if got := purchaseQuery(asked(t, purchases.url(Base, "after", purchases.After))); got != purchases {
			t.Fatalf("%q is %+v, written and read %+v", raw, purchases, got)
		}
		activity := activityQuery(q)
		if got := activityQuery(asked(t, activity.url(Base))); !got.Before.Equal(activity.Before) {
			t.Fatalf("%q is before %v, written and read %v", raw, activity.Before, got.Before)
		}
		if ms := activity.Before.UnixMilli(); !activity.Before.IsZero() && ms <= 0 {
			t.Fatalf("%q asks for what was before %d", raw, ms)
		}
	})
}

func asked(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || strings.ContainsAny(address, "\r\n \"<>") {
		t.Fatalf("address %q, %v", address, err)
	}
	return u.Query()
}
