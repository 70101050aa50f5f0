// Package dashboard is the pages under /dashboard: they show how members flow,
// why one did not, and let a person put it right. It promises that nobody sees
// or changes anything without the password, that no other site can make a
// browser change anything, that no page holds a secret or an address in clear
// but the one that was asked for with the password, that a page is made in
// bounded time whatever lies in Redis, and that all that was done here stands in
// the activity. It leaves what things mean, and how they are read and done, to
// the interfaces of Options; it keeps nothing of its own but whoever watches.
package dashboard

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ghostcm/ghostcm/internal/password"
)

// Base is where the pages live.
const Base = "/dashboard"

// Tries counts attempts to sign in; server.Limiter does.
type Tries interface {
	// Take counts an attempt of a client. It says no if there were too many, and how
	// long the client must wait.
	Take(r *http.Request) (wait time.Duration, ok bool)
}

// Options is what a Dashboard is made of. All but Log and Now is required.
type Options struct {
	// Password is what opens the dashboard; it may change.
	Password func() password.Password
	Sessions Sessions
	Tries    Tries
	// Secure says whether a request came over TLS, as far as a trusted proxy tells.
	Secure func(*http.Request) bool
	// Reason says in words that are safe to show why Redis failed.
	Reason func(error) string

	Sight      Sight
	Activities Activities
	Letters    Letters
	Acts       LetterActs
	Syncs      Syncs
	Runs       SyncRuns
	Examiner   Examiner
	Revealer   Revealer

	Tills        Tills
	Purchases    Purchases
	PurchaseActs PurchaseActs
	// Spool tells what waits on disk; it asks nobody.
	Spool func() Spool

	Version string
	Log     *slog.Logger     // nil: no records
	Now     func() time.Time // nil: time.Now
}

// Dashboard answers everything under Base. While Run runs, pages are live.
type Dashboard struct {
	Options
	assets  map[string]asset
	mux     *http.ServeMux
	hub     *hub
	checked *checked // Basic credentials that were right
	exams   *exams
	foreign *http.CrossOriginProtection
	slow    sync.Mutex // held while a slow hash is checked
	streams atomic.Int32
	seen    seenOverview
	tallied tallied

	assetURLs map[string]string // by their own names
}

// New makes a dashboard; it touches nothing outside.
func New(o Options) *Dashboard {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Dashboard{
		Options: o, assets: loadAssets(), checked: newChecked(), foreign: http.NewCrossOriginProtection(),
		exams: &exams{examine: o.Examiner.Examine, now: o.Now},
	}
	d.assetURLs = assetURLs(d.assets)
	d.hub = newHub(o.Activities)
	d.mux = d.routes()
	return d
}

// Run keeps open pages live until ctx ends, and ends their streams then, so that
// a server can drain.
func (d *Dashboard) Run(ctx context.Context) {
	d.exams.open(ctx)
	d.hub.run(ctx)
	d.exams.close()
}

func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	d.mux.ServeHTTP(w, r)
}

func (d *Dashboard) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Base+"/assets/{name}", d.serveAsset)
	mux.HandleFunc("GET "+Base+"/signin", d.signInForm)
	mux.HandleFunc("POST "+Base+"/signin", d.signIn)
	for pattern, page := range map[string]page{
		"GET /{$}":               d.overview,
		"GET /activity":          d.activity,
		"GET /letters":           d.letters,
		"GET /letters/all":       d.allLetters,
		"GET /letters/count":     d.countLetters,
		"GET /letters/{id}":      d.letter,
		"GET /payments":          d.payments,
		"GET /payments/one":      d.purchase,
		"GET /payments/unmapped": d.unmapped,
		"POST /payments/find":    d.findPurchases,
		"POST /payments/retry":   d.retryPurchases,
		"POST /payments/link":    d.linkPurchase,
		"GET /syncs":             d.syncs,
		"GET /syncs/{id}":        d.sync,
		"GET /health":            d.health,
		"GET /health/findings":   d.findings,
		"GET /live/{page}":       d.live,
		"GET /ping":              d.ping,
		"POST /signout":          d.signOut,
		"POST /activity/find":    d.findActivity,
		"POST /letters/find":     d.findLetters,
		"POST /letters/do":       d.doLetters,
		"POST /letters/all":      d.doAllLetters,
		"POST /reveal":           d.reveal,
		"POST /syncs/plan":       d.planSync,
		"POST /syncs/start":      d.startSync,
		"POST /syncs/revert":     d.revertSync,
		"POST /syncs/{id}/stop":  d.stopSync,
		"POST /health/again":     d.examineAgain,
		"GET /{path...}":         d.nothing,
	} {
		method, path, _ := cutPattern(pattern)
		mux.Handle(method+" "+Base+path, d.guarded(page))
	}
	mux.Handle("GET "+Base, d.guarded(d.overview))
	return mux
}
