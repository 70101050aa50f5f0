package webhook

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/store"
)

// GhostPath is the prefix of the paths that Ghost answers; the site's id follows.
const GhostPath = "/webhook/ghost/"

// Ghost is the handler of POST /webhook/ghost/{site_id}.
type Ghost struct {
	opts   GhostOptions
	sites  map[string]Site
	bodies *bodies
	checks slots // verifications of requests over the limit
	log    *journal
}

// NewGhost makes the handler. Several may run in one process.
func NewGhost(o GhostOptions) *Ghost {
	o = o.withDefaults()
	g := &Ghost{
		opts:   o,
		sites:  make(map[string]Site, len(o.Sites)),
		bodies: newBodies(o.BodyTimeout),
		checks: make(slots, maxChecks),
		log:    newJournal(o.Log, o.Now),
	}
	for _, site := range o.Sites {
		g.sites[site.Name] = site
	}
	return g
}

// incoming is what every request on its way in has.
type incoming struct {
	body     []byte
	bodyRead bool
	wait     time.Duration // of a client over its limit
	cause    error         // of a refusal; never holds payload, secret or address
}

// request is what is known so far of a request of Ghost's.
type request struct {
	incoming
	delivery     store.Delivery // Site is set once it is a configured one
	receipt      store.Receipt
	contradicted bool // the query named another event than the signed body
}

// ServeHTTP answers one webhook and leaves one record of it.
func (g *Ghost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := &request{delivery: store.Delivery{EventID: g.opts.NewID(), ReceivedAt: g.opts.Now()}}
	code := g.receive(w, r, req)
	if code == accepted {
		writeAccepted(w, req)
	} else {
		refuse(w, r, req, code)
	}
	g.report(req, code)
}

// receive takes a request in, in the order in which its checks get dearer.
func (g *Ghost) receive(w http.ResponseWriter, r *http.Request, req *request) Code {
	id, ok := siteID(r.URL)
	if !ok {
		return NotFound
	}
	if r.Method != http.MethodPost {
		return MethodNotAllowed
	}
	wait, within := g.opts.Limiter.Take(r)
	if code := g.authenticate(w, r, req, id, within); code != accepted {
		if within {
			return code
		}
		req.wait = wait
		return RateLimited
	}
	if code := g.parse(r, req); code != accepted {
		return code
	}
	return g.accept(r.Context(), req)
}

// authenticate reads the body and checks that the site's Ghost signed it.
func (g *Ghost) authenticate(w http.ResponseWriter, r *http.Request, req *request, id string, within bool) Code {
	if !validSiteID(id) {
		return InvalidSiteID
	}
	site, ok := g.sites[id]
	if !ok {
		return UnknownSite
	}
	req.delivery.Site = site.Name
	if code := g.bodies.read(w, r, &req.incoming, within); code != accepted {
		return code
	}
	if !within {
		if !g.checks.take(checkPatience) {
			return Unavailable
		}
		defer g.checks.give()
	}
	return g.verify(r.Header, req, site)
}

func (g *Ghost) verify(h http.Header, req *request, site Site) Code {
	// Two headers must not pass as the first of them alone: Verify sees both.
	header := strings.Join(h.Values(ghost.SignatureHeader), ",")
	sentAt, err := ghost.Verify(header, req.body, ghost.Verification{
		Secrets:   site.Secrets,
		Now:       req.delivery.ReceivedAt,
		Tolerance: g.opts.Tolerance,
		Legacy:    site.Legacy,
	})
	req.delivery.Event.SentAt, req.cause = sentAt, err
	switch {
	case err == nil:
		return accepted
	case errors.Is(err, ghost.ErrSignatureMissing):
		return SignatureMissing
	case errors.Is(err, ghost.ErrSignatureMalformed):
		return SignatureMalformed
	case errors.Is(err, ghost.ErrSignatureExpired):
		return SignatureExpired
	}
	return SignatureMismatch
}

func (g *Ghost) parse(r *http.Request, req *request) Code {
	hook, err := ghost.ParseWebhook(req.body, r.URL.Query().Get("event"))
	if errors.Is(err, ghost.ErrUnknownEvent) {
		req.cause = err
		return UnknownEvent
	}
	if err != nil {
		req.cause = err
		return InvalidPayload
	}
	hook.Event.SentAt = req.delivery.Event.SentAt
	req.delivery.Event, req.contradicted = hook.Event, hook.Contradicted
	return accepted
}

// accept goes on when the client hangs up: Ghost does so after 2 s and never
// sends the event again.
func (g *Ghost) accept(ctx context.Context, req *request) Code {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.opts.AcceptTimeout)
	defer cancel()
	req.receipt, req.cause = g.opts.Inbox.Accept(ctx, req.delivery)
	if req.cause != nil {
		return Unavailable
	}
	return accepted
}

// siteID returns the one path segment after GhostPath. The escaped path is
// taken apart, so that an escaped slash stays part of the id, and is refused.
func siteID(u *url.URL) (string, bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), GhostPath)
	if !ok || rest == "" || rest == "." || rest == ".." || strings.Contains(rest, "/") {
		return "", false
	}
	return rest, true
}

// validSiteID says whether id is [A-Za-z0-9_-]{1,50}. An id in escapes is none:
// none of these characters needs one.
func validSiteID(id string) bool {
	if id == "" || len(id) > 50 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
