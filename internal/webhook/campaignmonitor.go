package webhook

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// CampaignMonitorPath is the prefix of the paths that a list's webhook goes to;
// the site's id and its token follow.
const CampaignMonitorPath = "/webhook/campaignmonitor/"

// OptOuts takes hints that people may have left a site's list. It returns nil
// only once each of them who is known would be looked at even after a crash;
// looked is how many that are.
type OptOuts interface {
	Hint(ctx context.Context, site string, emails []string) (looked int, err error)
}

// ListSite is a site that takes its list's webhooks.
type ListSite struct {
	Name  string
	Token string // in the path; without one, the site takes none
}

// ListOutcome is what became of one request of a list's webhook, for counting.
type ListOutcome struct {
	Site   string // "" if the request named no site with its token
	Result string // "accepted", or the error code of the answer
}

// CampaignMonitorOptions configures NewCampaignMonitor. OptOuts is required.
type CampaignMonitorOptions struct {
	Sites   []ListSite
	OptOuts OptOuts
	Limiter Limiter           // nil: no limit
	Log     *slog.Logger      // nil: no records
	Observe func(ListOutcome) // nil: no counting

	AcceptTimeout time.Duration    // for OptOuts; 0: 1.5 s
	BodyTimeout   time.Duration    // for reading a body; 0: 10 s
	Now           func() time.Time // nil: time.Now
}

// CampaignMonitor is the handler of POST /webhook/campaignmonitor/{site_id}/{token}.
// Campaign Monitor signs nothing, so the token is all that makes a request
// genuine, and what it says is a hint: somebody re-reads the subscriber.
//
// A webhook that fails for a week is switched off by Campaign Monitor. So no
// genuine request is refused for what it holds; what cannot be read is left out.
type CampaignMonitor struct {
	opts   CampaignMonitorOptions
	tokens map[string]digest // by site
	decoy  digest            // what a token for no site is compared with
	bodies slots
	log    *journal
}

type digest = [sha256.Size]byte

// maxListBodies is how many bodies are read at once. Only who has the token gets
// so far.
const maxListBodies = 4

// NewCampaignMonitor makes the handler.
func NewCampaignMonitor(o CampaignMonitorOptions) *CampaignMonitor {
	o = o.withDefaults()
	h := &CampaignMonitor{
		opts: o, tokens: map[string]digest{}, bodies: make(slots, maxListBodies), log: newJournal(o.Log, o.Now),
	}
	rand.Read(h.decoy[:]) // never fails, it ends the process instead
	for _, site := range o.Sites {
		if site.Token == "" {
			continue
		}
		h.tokens[site.Name] = sha256.Sum256([]byte(site.Token))
	}
	return h
}

func (o CampaignMonitorOptions) withDefaults() CampaignMonitorOptions {
	if o.Limiter == nil {
		o.Limiter = unlimited{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(ListOutcome) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.AcceptTimeout = orElse(o.AcceptTimeout, 1500*time.Millisecond)
	o.BodyTimeout = orElse(o.BodyTimeout, 10*time.Second)
	return o
}

// listRequest is what is known so far of a request on its way in.
type listRequest struct {
	begun    time.Time
	site     string // once the token was right
	hints    hints
	looked   int
	bodyRead bool
	wait     time.Duration // of a client over its limit
	cause    error         // of a refusal; never holds payload, token or address
}

// ServeHTTP answers one request and leaves one record of it.
func (h *CampaignMonitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := &listRequest{begun: h.opts.Now()}
	code := h.receive(w, r, req)
	if code == accepted {
		w.WriteHeader(http.StatusOK)
	} else {
		refuseList(w, r, req, code)
	}
	h.report(req, code)
}

func (h *CampaignMonitor) receive(w http.ResponseWriter, r *http.Request, req *listRequest) Code {
	site, token, ok := siteAndToken(r.URL)
	if !ok {
		return NotFound
	}
	if r.Method != http.MethodPost {
		return MethodNotAllowed
	}
	wait, within := h.opts.Limiter.Take(r)
	if !h.genuine(site, token) {
		if !within {
			req.wait = wait
			return RateLimited
		}
		return UnknownSite
	}
	req.site = site
	if code := h.read(w, r, req); code != accepted {
		return code
	}
	return h.accept(r.Context(), req)
}

// genuine takes the same time whether the site is unknown, has no token, or has
// another one.
func (h *CampaignMonitor) genuine(site, token string) bool {
	want, known := h.tokens[site]
	if !known {
		want = h.decoy
	}
	given := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(given[:], want[:]) == 1 && known
}

// read takes the hints out of the body while it arrives.
func (h *CampaignMonitor) read(w http.ResponseWriter, r *http.Request, req *listRequest) Code {
	if !h.bodies.take(largePatience) {
		req.cause = errBusy
		return Unavailable
	}
	defer h.bodies.give()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.opts.BodyTimeout)) // a recorder in a test has none
	req.hints = readHints(http.MaxBytesReader(w, r.Body, maxListBody))
	if req.hints.late {
		req.cause = errBody
		return RequestTimeout
	}
	req.bodyRead = true
	return accepted
}

// accept goes on when the client hangs up.
func (h *CampaignMonitor) accept(ctx context.Context, req *listRequest) Code {
	if len(req.hints.emails) == 0 {
		return accepted
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.opts.AcceptTimeout)
	defer cancel()
	req.looked, req.cause = h.opts.OptOuts.Hint(ctx, req.site, req.hints.emails)
	if req.cause != nil {
		return Unavailable
	}
	return accepted
}

// siteAndToken returns the two path segments after CampaignMonitorPath.
func siteAndToken(u *url.URL) (site, token string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), CampaignMonitorPath)
	if !ok {
		return "", "", false
	}
	site, token, ok = strings.Cut(rest, "/")
	return site, token, ok && site != "" && token != "" && !strings.Contains(token, "/")
}
