package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
)

// lettersView is the list of dead letters.
type lettersView struct {
	LetterPage
	Query    LetterQuery
	Sites    []string
	Kinds    []string
	Problem  *BadQuery
	NextURL  string
	FirstURL string // "" on the first page
	Narrow   bool
	Back     string // where actions come back to
	Now      time.Time
}

const lettersRows = 50

func letterQuery(q url.Values) LetterQuery {
	return LetterQuery{
		Site: q.Get("site"), Kind: q.Get("kind"), ID: q.Get("id"), Reason: q.Get("reason"), From: q.Get("from"), To: q.Get("to"),
		EmailHash: q.Get("email"), After: q.Get("after"), Limit: lettersRows,
	}
}

func (q LetterQuery) values(more ...string) string {
	return query(append([]string{
		"site", q.Site, "kind", q.Kind, "id", q.ID, "reason", q.Reason, "from", q.From, "to", q.To, "email", q.EmailHash,
	}, more...)...)
}

func (q LetterQuery) url(base string, more ...string) string {
	return withQuery(base, q.values(more...))
}

// Narrow is whether anything was asked, so that not every letter is meant.
func (q LetterQuery) Narrow() bool { return q.values() != "" }

// typed is a field of a filter that something was typed into.
type typed struct{ name, value string }

// filled is what was asked, for a form that asks it again.
func (q LetterQuery) filled() (fields []typed) {
	for _, field := range []typed{
		{"site", q.Site}, {"kind", q.Kind}, {"id", q.ID}, {"reason", q.Reason}, {"from", q.From}, {"to", q.To}, {"email", q.EmailHash},
	} {
		if field.value != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

// allURL asks once more before all that match are meant.
func (view lettersView) allURL(verb Verb) string {
	return view.Query.url(Base+"/letters/all", "verb", string(verb))
}

func withQuery(base, values string) string {
	if values == "" {
		return base
	}
	return base + "?" + values
}

func (d *Dashboard) letters(ctx context.Context, v visit) error {
	q := letterQuery(v.URL.Query())
	view := lettersView{Query: q, Sites: d.Sight.Sites(), Kinds: letterKinds(), Narrow: q.Narrow(), Now: d.Now()}
	var err error
	view.LetterPage, err = d.Letters.Letters(ctx, q)
	if err != nil && !errors.As(err, &view.Problem) {
		return err
	}
	base := Base + "/letters"
	if view.Next != "" {
		view.NextURL = q.url(base, "after", view.Next)
	}
	if q.After != "" {
		view.FirstURL = q.url(base)
	}
	view.Back = q.url(base)
	d.render(v, http.StatusOK, "letters", "Dead letters", of(lettersPage, view), func(f *frame) {
		f.Stream, f.Note = Base+"/live/letters", noteOf(v.URL.Query())
	})
	return nil
}

// letterKinds are offered; others can stand in a query.
func letterKinds() []string { return []string{"member", "optout", "payment"} }

// findLetters turns the form into a URL that can be kept, in which no address
// stands.
func (d *Dashboard) findLetters(_ context.Context, v visit) error {
	q := letterQuery(v.PostForm)
	if email := strings.TrimSpace(q.EmailHash); strings.Contains(email, "@") {
		q.EmailHash = member.AddressHash(email)
	}
	http.Redirect(v.w, v.Request, q.url(Base+"/letters"), http.StatusSeeOther)
	return nil
}

// letterView is one letter in full.
type letterView struct {
	Letter
	Ref     string
	Address string // in clear, once it was asked for with the password
	Problem string
	Open    bool // whether the form for the password is open
	Now     time.Time
}

// keptWhere says what a replay would do it with.
func (view letterView) keptWhere() string {
	switch waiting := view.Kept.Waiting; waiting {
	case "dead":
		return "The member’s newest facts wait here for a replay."
	case "":
		return "Nothing waits for a replay: a newer event has brought the member up to date, or the facts are gone."
	default:
		return "A newer job has the member’s facts (" + words(waiting) + ")."
	}
}

func refTo(l jobs.DeadLetter) LetterRef { return LetterRef{l.ID, l.DiedAt} }

// spoken names a letter for who does not see the row it stands in.
func spoken(l jobs.DeadLetter) string {
	return shown(l.Event) + " of " + shown(l.Site) + ", " + shown(l.EmailHash)
}

// url is where the letter is shown.
func (r LetterRef) url() string {
	return withQuery(Base+"/letters/"+url.PathEscape(r.ID), query("at", strconv.FormatInt(r.Died.Unix(), 10)))
}

// ref names a letter in a form: its id and when it died.
func (r LetterRef) ref() string { return r.ID + "." + strconv.FormatInt(r.Died.Unix(), 10) }

func refOf(text string) (LetterRef, bool) {
	id, died, ok := strings.Cut(text, ".")
	unix, err := strconv.ParseInt(died, 10, 64)
	return LetterRef{ID: id, Died: time.Unix(unix, 0)}, ok && err == nil && id != "" && len(id) <= maxID
}

const maxID = 128

func (d *Dashboard) letter(ctx context.Context, v visit) error {
	ref := LetterRef{ID: v.PathValue("id")}
	if unix, err := strconv.ParseInt(v.URL.Query().Get("at"), 10, 64); err == nil {
		ref.Died = time.Unix(unix, 0)
	}
	if len(ref.ID) > maxID {
		return errNotFound
	}
	return d.showLetter(ctx, v, ref, http.StatusOK, func(*letterView) {})
}

func (d *Dashboard) showLetter(ctx context.Context, v visit, ref LetterRef, status int, with func(*letterView)) error {
	letter, found, err := d.Letters.Letter(ctx, ref)
	if err != nil {
		return err
	}
	if !found {
		d.render(v, http.StatusNotFound, "problem", "Not a dead letter any more", of(problemPage, problem{
			Heading: "This is no dead letter any more.",
			Text:    "It was replayed or dropped, or a newer event has brought the member up to date.",
			Todo:    "The activity tells what became of it.", Back: Base + "/letters",
		}), func(f *frame) { f.Section = "letters" })
		return nil
	}
	view := letterView{Letter: letter, Ref: refTo(letter.DeadLetter).ref(), Now: d.Now()}
	with(&view)
	d.render(v, status, "letter", "Dead letter", of(letterPage, view), func(f *frame) { f.Section = "letters" })
	return nil
}

// reveal shows one address to somebody who gives the password once more.
func (d *Dashboard) reveal(ctx context.Context, v visit) error {
	ref, ok := refOf(v.PostForm.Get("ref"))
	if !ok {
		return errNotFound
	}
	refuse := func(status int, why string) error {
		return d.showLetter(ctx, v, ref, status, func(l *letterView) { l.Problem, l.Open = why, true })
	}
	if _, ok := d.Tries.Take(v.Request); !ok {
		return refuse(http.StatusTooManyRequests, "Too many attempts. Wait a minute, then try again.")
	}
	if !d.matches(d.Password(), v.PostForm.Get("password")) {
		d.Log.Warn("dashboard.reveal_refused")
		return refuse(http.StatusForbidden, "That is not the password.")
	}
	letter, found, err := d.Letters.Letter(ctx, ref)
	if err != nil {
		return err
	}
	email := ""
	if found {
		if email, err = d.Revealer.Reveal(ctx, letter.Site, letter.Key); err != nil {
			return err
		}
	}
	if email == "" {
		return refuse(http.StatusOK, "Nobody knows the address any more.")
	}
	return d.showLetter(ctx, v, ref, http.StatusOK, func(l *letterView) { l.Address = email })
}
