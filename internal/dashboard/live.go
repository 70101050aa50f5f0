package dashboard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

const (
	// tellEvery is how often a page that shows a state is looked at again.
	tellEvery = time.Second
	// knockEvery is how often a stream says that it lives, and looks whether its
	// session does.
	knockEvery = 15 * time.Second
	// streamFor is how long a stream lives; the browser opens the next.
	streamFor = time.Hour
	// sendWithin is how long a browser may take for what it is sent.
	sendWithin = 10 * time.Second
	// maxStreams is how many pages may be live in one process.
	maxStreams = 100
	// retryAfter is how soon a browser comes back, in milliseconds.
	retryAfter = 2000
)

// stream is one page's server-sent events.
type stream struct {
	*Dashboard
	visit
	out *http.ResponseController
}

// live keeps a page up to date until it is left.
func (d *Dashboard) live(_ context.Context, v visit) error {
	s := &stream{Dashboard: d, visit: v, out: http.NewResponseController(v.w)}
	run := map[string]func(context.Context) error{
		"overview": s.states(func(ctx context.Context) (content, error) {
			view, err := d.overviewView(ctx)
			return of(overviewState, view), err
		}),
		"syncs": s.states(func(ctx context.Context) (content, error) {
			view, err := d.syncsView(ctx)
			return of(syncsState, view), err
		}),
		"sync": s.states(func(ctx context.Context) (content, error) {
			view, found, err := d.syncView(ctx, v.URL.Query().Get("id"))
			if err == nil && (!found || view.Shown != string(store.TaskRunning)) {
				err = errReload
			}
			return of(syncState, view), err
		}),
		"letters": s.states(func(ctx context.Context) (content, error) {
			page, err := d.Letters.Letters(ctx, LetterQuery{Limit: 1})
			return of(lettersState, lettersView{LetterPage: page}), err
		}),
		"payments": s.states(d.livePayments(purchaseQuery(v.URL.Query()))),
		"purchase": s.states(d.livePurchase(PurchaseRef{v.URL.Query().Get("site"), v.URL.Query().Get("id")})),
		"activity": s.entries,
	}[v.PathValue("page")]
	if run == nil {
		return errNotFound
	}
	if d.streams.Add(1) > maxStreams {
		d.streams.Add(-1)
		http.Error(v.w, "Too many pages are open.", http.StatusServiceUnavailable)
		return nil
	}
	defer d.streams.Add(-1)
	ctx, cancel := context.WithTimeout(v.Context(), streamFor)
	defer cancel()
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // of nginx
	if s.send(fmt.Sprintf("retry: %d\n\n", retryAfter)) == nil {
		_ = run(ctx) // the browser is gone, or comes back
	}
	return nil
}

// errReload ends a stream whose page has become another.
var errReload = errors.New("the page has become another")

func (s *stream) send(text string) error {
	_ = s.out.SetReadDeadline(time.Time{})
	_ = s.out.SetWriteDeadline(time.Now().Add(sendWithin))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.out.Flush()
}

// event sends what may hold several lines.
func (s *stream) event(name, id string, data []byte) error {
	var b strings.Builder
	b.WriteString("event: " + name + "\n")
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	for line := range bytes.Lines(data) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteString("\n")
	}
	b.WriteString("\n")
	return s.send(b.String())
}

// knock keeps the connection, and ends it with its session.
func (s *stream) knock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	known, err := s.identify(ctx, &s.visit)
	if err == nil && !known {
		_ = s.event("bye", "", []byte("signed out"))
		return errStale
	}
	if err != nil { // a page that waits for Redis is told by its own looks
		return s.send(": \n\n")
	}
	return s.event("here", "", []byte("yes"))
}

// states makes a stream that sends a part of a page whenever it is another than
// before.
func (s *stream) states(look func(context.Context) (content, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		tick, knock := time.NewTicker(tellEvery), time.NewTicker(knockEvery)
		defer tick.Stop()
		defer knock.Stop()
		var before [sha256.Size]byte
		for end := s.hub.end(); ; {
			if err := s.state(ctx, look, &before); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-end:
				return nil
			case <-knock.C:
				if err := s.knock(ctx); err != nil {
					return err
				}
			case <-tick.C:
			}
		}
	}
}

func (s *stream) state(ctx context.Context, look func(context.Context) (content, error), before *[sha256.Size]byte) error {
	asking, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	name, data := "state", []byte(nil)
	shows, err := look(asking)
	switch {
	case errors.Is(err, errReload):
		_ = s.event("reload", "", []byte("now"))
		return err
	case err != nil:
		name, data = "away", []byte(s.Reason(err))
	default:
		if data, err = s.part(s.visit, shows); err != nil {
			return err
		}
	}
	if sum := sha256.Sum256(append([]byte(name), data...)); sum != *before {
		*before = sum
		return s.event(name, "", data)
	}
	return nil
}

// entries sends entries of the activity that a page's filter chooses: first those
// that the browser has missed.
func (s *stream) entries(ctx context.Context) error {
	q := activityQuery(s.URL.Query())
	after := s.Header.Get("Last-Event-ID")
	if after == "" {
		after = s.URL.Query().Get("after")
	}
	w, leave := s.hub.watch(after)
	defer leave()
	if w == nil {
		return nil
	}
	if err := s.missed(ctx, q, after); err != nil {
		return err
	}
	knock := time.NewTicker(knockEvery)
	defer knock.Stop()
	for {
		select {
		case entry, open := <-w.news:
			if !open {
				return nil
			}
			if s.Activities.Matches(q, entry) {
				if err := s.entry(entry); err != nil {
					return err
				}
			}
		case err := <-w.away:
			if err := s.event("away", "", []byte(s.Reason(err))); err != nil {
				return err
			}
		case <-knock.C:
			if err := s.knock(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *stream) entry(a store.Activity) error {
	row, err := s.part(s.visit, of(activityRow, a))
	if err != nil {
		return err
	}
	return s.event("entry", a.ID, row)
}

// missed sends what came after an id, the oldest first. If that is more than a
// page holds, the page is told to load itself anew.
func (s *stream) missed(ctx context.Context, q ActivityQuery, after string) error {
	millis, _, _ := strings.Cut(after, "-")
	since, err := strconv.ParseInt(millis, 10, 64)
	if err != nil || since <= 0 {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	page, err := s.Activities.Activity(asking, q)
	if err != nil {
		return s.event("away", "", []byte(s.Reason(err)))
	}
	for i := len(page.Entries) - 1; i >= 0; i-- {
		written, _, _ := strings.Cut(page.Entries[i].ID, "-")
		if ms, err := strconv.ParseInt(written, 10, 64); err != nil || ms < since {
			continue
		}
		if i == len(page.Entries)-1 && !page.Older.IsZero() {
			_ = s.event("reload", "", []byte("now"))
			return errReload
		}
		if err := s.entry(page.Entries[i]); err != nil {
			return err
		}
	}
	return nil
}
