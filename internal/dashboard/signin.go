package dashboard

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/ghostcm/ghostcm/internal/password"
)

// adminName is the only user.
const adminName = "admin"

// matches compares one after another where that takes much memory: strangers
// choose how often.
func (d *Dashboard) matches(p password.Password, typed string) bool {
	if p.Slow() {
		d.slow.Lock()
		defer d.slow.Unlock()
	}
	return p.Matches(typed)
}

// signInView is the form.
type signInView struct {
	Next    string
	Problem string
}

func (d *Dashboard) signInForm(w http.ResponseWriter, r *http.Request) {
	d.renderSignIn(visit{Request: r, w: w}, http.StatusOK, signInView{Next: ownPath(r.URL.Query().Get("next"))})
}

func (d *Dashboard) renderSignIn(v visit, status int, view signInView) {
	d.render(v, status, "signin", "Sign in", of(signInPage, view))
}

// signIn needs no token of a form, as there is no session yet; another site's
// form is refused by where it came from.
func (d *Dashboard) signIn(w http.ResponseWriter, r *http.Request) {
	v := visit{Request: r, w: w}
	if d.foreign.Check(r) != nil {
		d.fail(v, errForeign)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	view := signInView{Next: ownPath(r.PostFormValue("next"))}
	if wait, ok := d.Tries.Take(r); !ok {
		w.Header().Set("Retry-After", fmt.Sprint(math.Ceil(wait.Seconds())))
		view.Problem = "Too many attempts. Wait a minute, then try again."
		d.Log.Warn("dashboard.sign_in_refused", slog.String("way", "too many attempts"))
		d.renderSignIn(v, http.StatusTooManyRequests, view)
		return
	}
	if !d.matches(d.Password(), r.PostFormValue("password")) {
		view.Problem = "That is not the password. It is set as DASHBOARD_PASSWORD where ghostcm runs."
		d.Log.Warn("dashboard.sign_in_refused", slog.String("way", "form"))
		d.renderSignIn(v, http.StatusUnauthorized, view)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
	defer cancel()
	if err := d.startSession(w, r.WithContext(ctx)); err != nil {
		d.fail(v, err)
		return
	}
	d.Log.Info("dashboard.signed_in")
	http.Redirect(w, r, view.Next, http.StatusSeeOther)
}

// signOut ends the session.
func (d *Dashboard) signOut(ctx context.Context, v visit) error {
	if err := d.endSession(v.w, v.WithContext(ctx), v.token); err != nil {
		return err
	}
	d.Log.Info("dashboard.signed_out")
	http.Redirect(v.w, v.Request, Base+"/signin", http.StatusSeeOther)
	return nil
}

// ownPath is where to go after signing in: a page of the dashboard and nothing
// else.
func ownPath(next string) string {
	u, err := url.Parse(next)
	switch {
	case err != nil, u.IsAbs(), u.Host != "", strings.ContainsAny(next, "\\\r\n"), len(next) > 2000:
		return Base
	case u.Path == Base, strings.HasPrefix(u.Path, Base+"/") && !strings.Contains(u.Path, "..") && !strings.Contains(u.Path, "//"):
		return next
	}
	return Base
}

func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return values.Encode()
}
