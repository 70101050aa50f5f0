package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxChosen is how many letters one form may name.
const maxChosen = 200

// countWithin bounds the counting of all letters that match.
const countWithin = 20 * time.Second

func verbOf(text string) (Verb, bool) {
	verb := Verb(text)
	return verb, verb == Replay || verb == Drop
}

// doLetters replays or drops the letters that were chosen.
func (d *Dashboard) doLetters(ctx context.Context, v visit) error {
	verb, ok := verbOf(v.PostForm.Get("verb"))
	if !ok {
		return errNotFound
	}
	var refs []LetterRef
	for _, text := range v.PostForm["ref"] {
		ref, ok := refOf(text)
		if !ok || len(refs) == maxChosen {
			return &badInput{"The form names letters that there cannot be."}
		}
		refs = append(refs, ref)
	}
	back := ownPath(v.PostForm.Get("back"))
	if len(refs) == 0 {
		d.goTo(v, back, "chosen", "none")
		return nil
	}
	did, err := d.Acts.Do(ctx, verb, refs)
	if err != nil {
		return err
	}
	d.goTo(v, back, "did", string(verb), "n", strconv.Itoa(did.Done), "gone", strconv.Itoa(did.Gone), "bad", strconv.Itoa(did.Unreadable))
	return nil
}

// goTo goes back to a page, which then tells what was done.
func (d *Dashboard) goTo(v visit, back string, pairs ...string) {
	u, err := url.Parse(back)
	if err != nil {
		u = &url.URL{Path: Base}
	}
	values := u.Query()
	for _, old := range []string{"did", "n", "gone", "bad", "chosen"} {
		values.Del(old)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	u.RawQuery = values.Encode()
	http.Redirect(v.w, v.Request, u.String(), http.StatusSeeOther)
}

// noteOf says what a form has done, by what goTo left in the URL. It holds
// numbers and chosen words only, so that no URL can put words into its mouth.
func noteOf(q url.Values) *note {
	if q.Get("chosen") == "none" {
		return &note{Tone: "warn", Text: "Nothing was chosen: tick the letters first."}
	}
	verb, ok := verbOf(q.Get("did"))
	if !ok {
		return nil
	}
	n, errN := strconv.Atoi(q.Get("n"))
	gone, _ := strconv.Atoi(q.Get("gone"))
	bad, _ := strconv.Atoi(q.Get("bad"))
	if errN != nil || n < 0 || gone < 0 || bad < 0 {
		return nil
	}
	done := map[Verb]string{Replay: " replayed; what comes of it appears in the activity.", Drop: " dropped."}[verb]
	told := &note{Tone: "good", Text: plural(n, "dead letter", "dead letters") + done, Link: Base + "/activity", More: "Activity"}
	if n == 0 {
		told.Tone, told.Text = "warn", "Nothing was left to do."
	}
	if gone > 0 {
		told.Text += " " + plural(gone, "was", "were") + " done meanwhile, or made needless by a newer event."
	}
	if bad > 0 {
		told.Tone, told.Text = "warn", told.Text+" "+plural(bad, "cannot be read and only", "cannot be read and only")+" be dropped."
	}
	return told
}

// allView asks once more before many letters are meant.
type allView struct {
	Query    LetterQuery
	Verb     Verb
	CountURL string
	Back     string
}

func (d *Dashboard) allLetters(_ context.Context, v visit) error {
	q := letterQuery(v.URL.Query())
	verb, ok := verbOf(v.URL.Query().Get("verb"))
	if !ok {
		return errNotFound
	}
	view := allView{
		Query: q, Verb: verb, CountURL: q.url(Base+"/letters/count", "verb", string(verb)),
		Back: q.url(Base + "/letters"),
	}
	title := map[Verb]string{Replay: "Replay all that match", Drop: "Drop all that match"}[verb]
	d.render(v, http.StatusOK, "all", title, of(allPage, view), func(f *frame) { f.Section = "letters" })
	return nil
}

// countView is how many letters would be meant, and the button for it.
type countView struct {
	allView
	Groups []LetterGroup
	Total  int
	Older  int // groups that are not shown
}

const shownGroups = 30

// countLetters counts, which may take a second: the page does not wait for it.
func (d *Dashboard) countLetters(_ context.Context, v visit) error {
	ctx, cancel := context.WithTimeout(v.Context(), countWithin)
	defer cancel()
	q := letterQuery(v.URL.Query())
	verb, ok := verbOf(v.URL.Query().Get("verb"))
	if !ok {
		return errNotFound
	}
	groups, err := d.Letters.CountLetters(ctx, q)
	var wrong *BadQuery
	if errors.As(err, &wrong) {
		return &badInput{wrong.Text}
	}
	if err != nil {
		return err
	}
	view := countView{Groups: groups, allView: allView{Query: q, Verb: verb}}
	for _, g := range groups {
		view.Total += g.Letters
	}
	if len(groups) > shownGroups {
		view.Groups, view.Older = groups[:shownGroups], len(groups)-shownGroups
	}
	d.answerPart(v, "all", of(allCount, view))
	return nil
}

// doAllLetters begins it as a task, whose page shows how far it is.
func (d *Dashboard) doAllLetters(ctx context.Context, v visit) error {
	verb, ok := verbOf(v.PostForm.Get("verb"))
	if !ok {
		return errNotFound
	}
	id, err := d.Acts.DoAll(ctx, verb, letterQuery(v.PostForm))
	var wrong *BadQuery
	if errors.As(err, &wrong) {
		return &badInput{wrong.Text}
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.Request, Base+"/syncs/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}
