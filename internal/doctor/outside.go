package doctor

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
)

const (
	maxPeek      = 4 << 10 // bytes of an answer
	renewBefore  = 14 * 24 * time.Hour
	askedPublic  = "ghostcm doctor SITE --public-url https://…"
	ghostPath    = "/webhook/ghost/"
	refuseMethod = "method_not_allowed"
)

// outside is what there is at the public URL of a site, seen from here, without
// following a redirect and without going where the settings do not allow.
type outside struct {
	base    string // "" is unknown
	host    string
	private *egress.ForbiddenError // why Ghost would call it private, or worse
	unasked bool                   // the settings do not allow to go there from here
	failed  error                  // why there was no answer, or none to its end
	status  int                    // 0 is no answer
	ours    bool                   // a ghostcm answered at the webhook's path
	alive   bool                   // one did at /livez
	expires time.Time              // of its certificate; zero without TLS
}

// base is the public URL: as it was given, or as it was registered.
func (p *patient) base() string {
	if p.PublicURL != "" {
		return strings.TrimRight(p.PublicURL, "/")
	}
	hooks, err := p.hooks()
	if err != nil {
		return ""
	}
	for _, h := range hooks {
		if base, _, found := strings.Cut(h.URL, ghostPath+p.Name); found {
			return base
		}
	}
	return ""
}

func (p *patient) lookFromOutside(ctx context.Context) (outside, error) {
	seen := outside{base: p.base()}
	if seen.base == "" {
		return seen, nil
	}
	u, err := url.Parse(seen.base)
	if err != nil {
		return seen, err
	}
	seen.host = u.Host
	if err := p.resolve(ctx, u, &seen); err != nil {
		seen.failed = err
		return seen, nil
	}
	client := p.client()
	defer client.CloseIdleConnections()
	p.peek(ctx, client, &seen)
	return seen, nil
}

// resolve finds out whether the addresses are such that Ghost sends nothing
// there, and whether this program may go there.
func (p *patient) resolve(ctx context.Context, u *url.URL, seen *outside) error {
	resolver := p.Outbound.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addrs, err := lookup(ctx, resolver, u.Hostname())
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if refused := forbidden(addr, egress.Policy{}); refused != nil && seen.private == nil {
			seen.private = refused
		}
		seen.unasked = seen.unasked || forbidden(addr, p.Policy) != nil
	}
	if seen.unasked {
		return seen.private
	}
	return nil
}

func lookup(ctx context.Context, r egress.Resolver, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	return r.LookupNetIP(ctx, "ip", host)
}

func forbidden(addr netip.Addr, p egress.Policy) *egress.ForbiddenError {
	refused, _ := egress.CheckAddr(addr, p).(*egress.ForbiddenError) //nolint:errorlint // CheckAddr returns it bare
	return refused
}

func (p *patient) client() *http.Client {
	o := p.Outbound
	o.Timeout = questionWithin
	client := egress.Client(p.Policy, o)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// peek asks for the path of the webhook by GET: a ghostcm answers that with 405,
// and it is no event.
func (p *patient) peek(ctx context.Context, client *http.Client, seen *outside) {
	at, err := get(ctx, client, seen.base+ghostPath+p.Name)
	seen.status, seen.expires = at.status, at.expires
	if err != nil {
		seen.failed = err
		return
	}
	seen.ours = at.status == http.StatusMethodNotAllowed && field(at.body, "error") == refuseMethod
	if seen.ours {
		return
	}
	if at, err = get(ctx, client, seen.base+"/livez"); err == nil {
		seen.alive = at.status == http.StatusOK && field(at.body, "status") == "alive"
	}
}

// page is the beginning of an answer.
type page struct {
	status  int
	body    []byte
	expires time.Time // of the certificate; zero without TLS
}

// get has a status also with an error, if the answer came without its end.
func get(ctx context.Context, client *http.Client, target string) (page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return page{}, err
	}
	req.Header.Set("User-Agent", "ghostcm (https://github.com/ghostcm/ghostcm)")
	resp, err := client.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	got := page{status: resp.StatusCode}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		got.expires = resp.TLS.PeerCertificates[0].NotAfter
	}
	got.body, err = io.ReadAll(io.LimitReader(resp.Body, maxPeek))
	return got, err
}

// field is a text of a JSON object; "" if it has none.
func field(body []byte, name string) string {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil {
		return ""
	}
	text, _ := object[name].(string)
	return text
}
