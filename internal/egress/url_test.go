package egress_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/egress"
)

// verdict is what a URL gets under the strict policy and under AllowPrivate.
type verdict struct {
	url             string
	strict, private error
}

func verdicts() []verdict {
	forbidden, bad := egress.ErrForbiddenAddress, egress.ErrBadURL
	return []verdict{
		{"https://example.com", nil, nil},
		{"https://example.com:8443/blog/", nil, nil},
		{"https://example.com.", nil, nil},
		{"HTTPS://EXAMPLE.com", nil, nil},
		{"https://xn--bcher-kva.example", nil, nil},
		{"https://8.8.8.8", nil, nil},
		{"https://[2606:4700::1111]", nil, nil},
		{"https://[::ffff:8.8.8.8]", nil, nil},
		{"https://[64:ff9b::808:808]", nil, nil},
		{"https://10.example.com", nil, nil},
		{"https://0x7f.example.com", nil, nil},

		{"https://localhost", forbidden, nil},
		{"https://LOCALHOST.", forbidden, nil},
		{"https://blog.localhost", forbidden, nil},
		{"https://127.0.0.1", forbidden, nil},
		{"https://127.0.0.1.", forbidden, nil},
		{"https://127.9.9.9:8080/x", forbidden, nil},
		{"https://10.0.0.1", forbidden, nil},
		{"https://172.16.0.1", forbidden, nil},
		{"https://172.31.255.255", forbidden, nil},
		{"https://192.168.1.1", forbidden, nil},
		{"https://100.64.0.1", forbidden, nil},
		{"https://198.18.0.1", forbidden, nil},
		{"https://203.0.113.9", forbidden, nil},
		{"https://[::1]", forbidden, nil},
		{"https://[0:0:0:0:0:0:0:1]", forbidden, nil},
		{"https://[fc00::1]", forbidden, nil},
		{"https://[fd12:3456::1]", forbidden, nil},
		{"https://[fec0::1]", forbidden, nil},
		{"https://[::ffff:127.0.0.1]", forbidden, nil},
		{"https://[::ffff:7f00:1]", forbidden, nil},
		{"https://[::ffff:c0a8:101]", forbidden, nil},
		{"https://[::10.0.0.1]", forbidden, nil},
		{"https://[64:ff9b::10.0.0.1]", forbidden, nil},
		{"https://[64:ff9b::7f00:1]", forbidden, nil},
		{"https://[64:ff9b:1::a00:1]", forbidden, nil},
		{"https://[2002:7f00:1::]", forbidden, nil},
		{"https://[2002:a00:1::1]", forbidden, nil},
		{"https://[2001:0:808:808:0:0:80ff:fefe]", forbidden, nil}, // Teredo of 127.0.1.1
		{"https://[2606:4700::5efe:10.0.0.1]", forbidden, nil},
		{"https://[2606:4700::200:5efe:10.0.0.1]", forbidden, nil},

		{"https://2130706433", forbidden, bad},
		{"https://017700000001", forbidden, bad},
		{"https://0x7f000001", forbidden, bad},
		{"https://0x7F.1", forbidden, bad},
		{"https://127.1", forbidden, bad},
		{"https://127.0.1", forbidden, bad},
		{"https://0177.0.0.1", forbidden, bad},
		{"https://0300.0250.1.1", forbidden, bad},
		{"https://012.0.0.1", forbidden, bad},
		{"https://127.000.000.001", forbidden, bad},
		{"https://0xa9fea9fe", forbidden, forbidden},
		{"https://2852039166", forbidden, forbidden},
		{"https://134744072", bad, bad}, // 8.8.8.8, but nobody should write it so
		{"https://256.256.256.256", bad, bad},
		{"https://1.2.3.4.5", bad, bad},
		{"https://99999999999999999999", bad, bad},
		{"https://example.0x", bad, bad},
		{"https://089.1.1.1", bad, bad},

		{"https://0", forbidden, forbidden},
		{"https://0.0.0.0", forbidden, forbidden},
		{"https://[::]", forbidden, forbidden},
		{"https://[::ffff:0:0]", forbidden, forbidden},
		{"https://169.254.169.254/latest/meta-data/", forbidden, forbidden},
		{"https://169.254.169.254.", forbidden, forbidden},
		{"https://169.254.170.2", forbidden, forbidden},
		{"https://[::ffff:169.254.169.254]", forbidden, forbidden},
		{"https://[64:ff9b::a9fe:a9fe]", forbidden, forbidden},
		{"https://[2002:a9fe:a9fe::1]", forbidden, forbidden},
		{"https://[fd00:ec2::254]", forbidden, forbidden},
		{"https://[fd20:ce::254]", forbidden, forbidden},
		{"https://168.63.129.16", forbidden, forbidden},
		{"https://[::ffff:168.63.129.16]", forbidden, forbidden},
		{"https://100.100.100.200", forbidden, forbidden},
		{"https://192.0.0.192", forbidden, forbidden},
		{"https://metadata.google.internal", forbidden, forbidden},
		{"https://Metadata.Google.Internal.", forbidden, forbidden},
		{"https://metadata", forbidden, forbidden},
		{"https://instance-data.ec2.internal", forbidden, forbidden},
		{"https://[fe80::1]", forbidden, forbidden},
		{"https://[fe80::1%25eth0]", forbidden, forbidden},
		{"https://[2606:4700::1%25eth0]", forbidden, forbidden},
		{"https://224.0.0.1", forbidden, forbidden},
		{"https://255.255.255.255", forbidden, forbidden},
		{"https://[ff02::1]", forbidden, forbidden},
		{"https://[100::1]", forbidden, forbidden},

		{"", bad, bad},
		{"example.com", bad, bad},
		{"//example.com", bad, bad},
		{"https:", bad, bad},
		{"https://", bad, bad},
		{"https:example.com", bad, bad},
		{"https:///path", bad, bad},
		{"https://.", bad, bad},
		{"https://a..b", bad, bad},
		{"http://example.com", bad, bad},
		{"ftp://example.com", bad, bad},
		{"file:///etc/passwd", bad, bad},
		{"gopher://example.com", bad, bad},
		{"https://user@example.com", bad, bad},
		{"https://user:hunter2@example.com", bad, bad},
		{"https://example.com@127.0.0.1", bad, bad},
		{"https://127.0.0.1\\@example.com", bad, bad},
		{"https://exa mple.com", bad, bad},
		{"https://exa\tmple.com", bad, bad},
		{"https://example.com:0", bad, bad},
		{"https://example.com:99999", bad, bad},
		{"https://example.com:port", bad, bad},
		{"https://127。0。0。1", bad, bad},
		{"https://①②⑦.⓪.⓪.①", bad, bad},
		{"https://bücher.example", bad, bad},
		{"https://%31%32%37.0.0.1", bad, bad},
		{"https://[::1", bad, bad},
		{"https://" + strings.Repeat("a", 2048), bad, bad},
	}
}

func TestCheckURLJudgesEverySpelling(t *testing.T) {
	t.Parallel()
	for _, v := range verdicts() {
		if err := egress.CheckURL(v.url, egress.Policy{}); !errors.Is(err, v.strict) {
			t.Errorf("%q under the strict policy: got %v, want %v", v.url, err, v.strict)
		}
		if err := egress.CheckURL(v.url, egress.Policy{AllowPrivate: true}); !errors.Is(err, v.private) {
			t.Errorf("%q with AllowPrivate: got %v, want %v", v.url, err, v.private)
		}
	}
}

func TestAllowHTTPAllowsHTTPAndNothingElse(t *testing.T) {
	t.Parallel()
	p := egress.Policy{AllowHTTP: true}
	if err := egress.CheckURL("http://example.com", p); err != nil {
		t.Errorf("http: %v", err)
	}
	if err := egress.CheckURL("http://10.0.0.1", p); !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("http to a private address: got %v", err)
	}
	if err := egress.CheckURL("ftp://example.com", p); !errors.Is(err, egress.ErrBadURL) {
		t.Errorf("ftp: got %v", err)
	}
}

func TestARefusalNamesTheSettingThatAllowsIt(t *testing.T) {
	t.Parallel()
	err := egress.CheckURL("https://10.0.0.1/secret-path", egress.Policy{})
	for _, want := range []string{"10.0.0.1", "SITEN_GHOST_ALLOW_PRIVATE", "ALLOW_INSECURE_URLS"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %q", err, want)
		}
	}
	if err := egress.CheckURL("https://169.254.169.254", egress.Policy{}); strings.Contains(err.Error(), "ALLOW") {
		t.Errorf("%q promises a setting that does not exist", err)
	}
}

func TestRefusalsNeverQuoteTheURL(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"https://u:hunter2@example.com", "https://hunter2:x/", "hunter2://a", "https://10.0.0.1/hunter2", "https://a b/hunter2"} {
		if err := egress.CheckURL(raw, egress.Policy{}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v", raw, err)
		}
	}
}

// names answers every name with the same addresses.
type names []netip.Addr

func (n names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return n, nil }

func TestResolveRefusesANameWithOneForbiddenAddress(t *testing.T) {
	t.Parallel()
	public, private := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("10.0.0.1")
	if err := egress.Resolve(t.Context(), names{public}, "https://blog.example", egress.Policy{}); err != nil {
		t.Errorf("public: %v", err)
	}
	err := egress.Resolve(t.Context(), names{public, private}, "https://blog.example", egress.Policy{})
	if !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("public and private: got %v", err)
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, v := range verdicts() {
		f.Add(v.url)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		err := egress.CheckURL(raw, egress.Policy{})
		if err != nil && !errors.Is(err, egress.ErrBadURL) && !errors.Is(err, egress.ErrForbiddenAddress) {
			t.Fatalf("%q: an error of neither kind: %v", raw, err)
		}
		if err == nil && egress.CheckURL(raw, egress.Policy{AllowPrivate: true, AllowHTTP: true}) != nil {
			t.Fatalf("%q is allowed strictly but not loosely", raw)
		}
	})
}
