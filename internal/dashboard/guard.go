package dashboard

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// answerWithin bounds what a page waits for Redis.
const answerWithin = 2 * time.Second

// maxForm bounds a form: a hundred chosen letters are some 6 KB.
const maxForm = 64 << 10

// visit is one request of somebody who may see everything.
type visit struct {
	*http.Request
	w     http.ResponseWriter
	token token // "" of a tool, which has no session
}

// page answers a visit. Its error is of Redis, or one of those below; nothing has
// been written then.
type page func(ctx context.Context, v visit) error

// Errors of pages beside those of Redis.
var (
	errNotFound = errors.New("there is no such page")
	errStale    = errors.New("the form is of another session, or of none")
	errForeign  = errors.New("the form was sent by another site")
)

// badInput is what was typed wrong, and what would be right.
type badInput struct{ text string }

func (e *badInput) Error() string { return e.text }

func cutPattern(pattern string) (method, path string, ok bool) {
	method, path, ok = strings.Cut(pattern, " ")
	return method, path, ok
}

// guarded lets a page answer those who are signed in, and a change be made by
// those only who were shown the form.
func (d *Dashboard) guarded(answer page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visit{Request: r, w: w}
		ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
		defer cancel()
		known, err := d.identify(ctx, &v)
		switch {
		case err != nil:
			d.fail(v, err)
		case !known:
			d.turnAway(v)
		default:
			if err = d.mayChange(v); err == nil {
				err = answer(ctx, v)
			}
			if err != nil {
				d.fail(v, err)
			}
		}
	})
}

// identify finds out who it is. Streams and pings do not prolong a session: a
// page that is left open is no use of it.
func (d *Dashboard) identify(ctx context.Context, v *visit) (bool, error) {
	if user, typed, ok := v.BasicAuth(); ok {
		return d.isTool(v.Request, user, typed), nil
	}
	v.token = d.tokenOf(v.Request)
	if v.token == "" && v.URL.Path != Base+"/ping" { // which asks whether Redis answers
		return false, nil
	}
	idle := sessionIdle
	if isBackground(v.Request) {
		idle = 0
	}
	return d.Sessions.TouchSession(ctx, v.token.id(d.Password().Digest()), idle, sessionMost)
}

func isBackground(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, Base+"/live/") || r.URL.Path == Base+"/ping"
}

// toolHeader has to be in a tool's changes: a browser that remembers Basic
// credentials sends them wherever another site tells it to, but not this header.
const toolHeader = "Ghostcm-Tool"

// mayChange says no to forms that were not made for this visitor.
func (d *Dashboard) mayChange(v visit) error {
	if v.Method != http.MethodPost {
		return nil
	}
	if d.foreign.Check(v.Request) != nil {
		return errForeign
	}
	v.Body = http.MaxBytesReader(v.w, v.Body, maxForm)
	if err := v.ParseForm(); err != nil {
		return &badInput{"The form could not be read."}
	}
	if v.token == "" {
		if v.Header.Get(toolHeader) == "" {
			return errStale
		}
		return nil
	}
	if !v.token.formIsOf(v.PostForm.Get("form")) {
		return errStale
	}
	return nil
}

// turnAway asks people to sign in, and tells tools how.
func (d *Dashboard) turnAway(v visit) {
	if _, _, basic := v.BasicAuth(); basic || !strings.Contains(v.Header.Get("Accept"), "text/html") {
		if !isPart(v.Request) { // a browser would ask for a password, over the page
			v.w.Header().Set("WWW-Authenticate", `Basic realm="ghostcm dashboard", charset="UTF-8"`)
		}
		http.Error(v.w, "Sign in as admin with DASHBOARD_PASSWORD.", http.StatusUnauthorized)
		return
	}
	where := Base + "/signin"
	if next := v.URL.RequestURI(); v.Method == http.MethodGet && next != Base && next != Base+"/" {
		where += "?" + query("next", next)
	}
	http.Redirect(v.w, v.Request, where, http.StatusSeeOther)
}

// checked remembers the last Basic credentials that were right, by a digest that
// only this process can make: a tool that asks every second must not cost a slow
// hash each time.
type checked struct {
	key [32]byte
	mu  sync.Mutex
	sum [32]byte
}

func newChecked() *checked {
	c := &checked{}
	_, _ = rand.Read(c.key[:]) // it never fails
	return c
}

func (c *checked) digest(typed string, secret []byte) [32]byte {
	return sha256.Sum256(append(append(c.key[:], secret...), typed...))
}

func (c *checked) knows(typed string, secret []byte) bool {
	sum := c.digest(typed, secret)
	c.mu.Lock()
	defer c.mu.Unlock()
	return subtle.ConstantTimeCompare(sum[:], c.sum[:]) == 1
}

func (c *checked) learn(typed string, secret []byte) {
	sum := c.digest(typed, secret)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum = sum
}

// isTool says whether Basic credentials are right.
func (d *Dashboard) isTool(r *http.Request, user, typed string) bool {
	p := d.Password()
	if user == adminName && d.checked.knows(typed, p.Digest()) {
		return true
	}
	if _, ok := d.Tries.Take(r); !ok || !d.matches(p, typed) || user != adminName {
		d.Log.Warn("dashboard.sign_in_refused", slog.String("way", "basic"))
		return false
	}
	d.checked.learn(typed, p.Digest())
	return true
}
