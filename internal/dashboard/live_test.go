package dashboard_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// listener reads a stream of events as a browser does.
type listener struct {
	t      testing.TB
	cancel context.CancelFunc

	mu     sync.Mutex
	events []sent
	ended  bool
}

type sent struct{ name, id, data string }

func (v *visitor) listen(path, last string) *listener {
	v.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.AddCookie(v.session())
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		v.t.Fatalf("the stream answers %d %v", resp.StatusCode, resp.Header)
	}
	l := &listener{t: v.t, cancel: cancel}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer resp.Body.Close()
		l.read(bufio.NewScanner(resp.Body))
	})
	v.t.Cleanup(func() { cancel(); reading.Wait() })
	return l
}

func (l *listener) read(lines *bufio.Scanner) {
	lines.Buffer(nil, 1<<20)
	var e sent
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data += value + "\n"
		case "":
			if e.name != "" {
				l.mu.Lock()
				l.events = append(l.events, e)
				l.mu.Unlock()
			}
			e = sent{}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// about is the event whose data holds a text.
func (l *listener) about(text string) (found sent, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if strings.Contains(e.data, text) {
			found, times = e, times+1
		}
	}
	return found, times
}

func (l *listener) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

func TestAStreamGoesOnFromWhereItWas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visitor().signIn()
	path := "/dashboard/live/activity?site=" + siteName
	hears := func(l *listener, member string) sent {
		t.Helper()
		var e sent
		r.eventually("the stream tells of "+member, func() string {
			var n int
			if e, n = l.about(member); n == 0 {
				return "it does not"
			}
			return ""
		})
		return e
	}
	first := v.listen(path, "")
	last := hears(first, r.join("one@example.org", "One").ID)
	if last.id == "" || last.name != "entry" {
		t.Fatalf("the event is %+v", last)
	}
	first.cancel()
	r.eventually("it is over", func() string { return map[bool]string{false: "it is not"}[first.over()] })
	missed := r.join("two@example.org", "Two").ID
	r.settle()
	again, beside := v.listen(path, last.id), v.listen(path, last.id)
	for _, l := range []*listener{again, beside} {
		hears(l, missed)
	}
	next := r.join("three@example.org", "Three").ID
	for _, l := range []*listener{again, beside} {
		hears(l, next)
	}
	other := v.listen("/dashboard/live/activity?outcome=paused", "")
	hears(again, r.join("four@example.org", "Four").ID)
	if _, n := other.about("member"); n != 0 {
		t.Errorf("a stream tells %d times what its filter leaves out", n)
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visitor().signIn()
	l := v.listen("/dashboard/live/overview", "")
	r.eventually("it begins", func() string {
		if _, n := l.about("data-live"); n == 0 {
			return "it does not"
		}
		return ""
	})
	v.post("/dashboard/signout", url.Values{"form": {v.form()}})
	r.eventually("it ends", func() string { return map[bool]string{false: "it has not"}[l.over()] })
	if e, n := l.about("signed out"); n != 1 || e.name != "bye" {
		t.Errorf("it ends without a word: %+v", e)
	}
}
