package dashboard

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"time"
)

// A session ends when nobody used it for so long, and after so long in any case.
const (
	sessionIdle = 12 * time.Hour
	sessionMost = 7 * 24 * time.Hour
)

// Sessions remembers sessions over all processes and restarts; store.Store does.
// An id is a digest, from which no cookie can be made.
type Sessions interface {
	OpenSession(ctx context.Context, id string, idle time.Duration) error
	TouchSession(ctx context.Context, id string, idle, most time.Duration) (bool, error)
	CloseSession(ctx context.Context, id string) error
}

// token is what a browser's cookie holds.
type token string

func newToken() token { return token(rand.Text()) }

// id is by what a session is remembered. It is bound to the password, so that
// another password ends all sessions.
func (t token) id(secret []byte) string { return t.derive("session", secret) }

// form is what every form of the session carries, so that no form of another
// session, and no other site, can change anything.
func (t token) form() string { return t.derive("form", nil) }

func (t token) derive(what string, secret []byte) string {
	mac := hmac.New(sha256.New, []byte(t))
	mac.Write([]byte(what))
	mac.Write(secret)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:24])
}

// formIsOf says whether a form was made for the session.
func (t token) formIsOf(sent string) bool {
	return t != "" && subtle.ConstantTimeCompare([]byte(sent), []byte(t.form())) == 1
}

// The cookie's name says by __Host- that it was set over TLS by this very host.
const (
	cookieName       = "ghostcm_session"
	secureCookieName = "__Host-ghostcm_session"
)

func (d *Dashboard) cookie(r *http.Request, value string, age time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: int(age / time.Second),
	}
	if d.Secure(r) {
		c.Name, c.Secure = secureCookieName, true
	}
	return c
}

// tokenOf finds the cookie's value; "" if there is none that could be one.
func (d *Dashboard) tokenOf(r *http.Request) token {
	name := cookieName
	if d.Secure(r) {
		name = secureCookieName
	}
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) < 20 || len(c.Value) > 64 {
		return ""
	}
	return token(c.Value)
}

// startSession opens one and gives the browser its cookie.
func (d *Dashboard) startSession(w http.ResponseWriter, r *http.Request) error {
	t := newToken()
	if err := d.Sessions.OpenSession(r.Context(), t.id(d.Password().Digest()), sessionIdle); err != nil {
		return err
	}
	http.SetCookie(w, d.cookie(r, string(t), sessionMost))
	return nil
}

// endSession forgets the session here and in the browser.
func (d *Dashboard) endSession(w http.ResponseWriter, r *http.Request, t token) error {
	if err := d.Sessions.CloseSession(r.Context(), t.id(d.Password().Digest())); err != nil {
		return err
	}
	http.SetCookie(w, d.cookie(r, "", -time.Second))
	return nil
}
