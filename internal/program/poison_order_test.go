package program_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// doorstep is before Campaign Monitor, and keeps waiting what holds a mark.
type doorstep struct {
	*rig
	behind  *url.URL
	mark    []byte
	waits   chan struct{} // closed when something waits
	once    sync.Once
	release chan struct{}
}

// newDoorstep makes a program with two sites whose requests with a mark wait.
func newDoorstep(t *testing.T, mark string, o rigOptions) *doorstep {
	t.Helper()
	d := &doorstep{mark: []byte(mark), waits: make(chan struct{}), release: make(chan struct{})}
	front := httptest.NewServer(d)
	t.Cleanup(front.Close)
	o.sites, o.noProgram = 2, true
	o.env = append(o.env, "CM_API_URL="+front.URL)
	d.rig = newRig(t, o)
	var err error
	if d.behind, err = url.Parse(d.list.URL()); err != nil {
		t.Fatal(err)
	}
	d.start(d.Program)
	t.Cleanup(d.letGo) // before the program stops
	return d
}

func (d *doorstep) letGo() {
	select {
	case <-d.release:
	default:
		close(d.release)
	}
}

func (d *doorstep) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if bytes.Contains(body, d.mark) {
		d.once.Do(func() { close(d.waits) })
		select {
		case <-d.release:
		case <-r.Context().Done():
			return
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	httputil.NewSingleHostReverseProxy(d.behind).ServeHTTP(w, r)
}

// poisonIsThere waits until the marked request waits.
func (d *doorstep) poisonIsThere() {
	d.t.Helper()
	select {
	case <-d.waits:
	case <-time.After(2 * time.Minute):
		d.t.Fatalf("nothing waits\n%s", tail(d.log.String()))
	}
}

// othersPass has members join both sites, and waits until they are on their lists.
func (d *doorstep) othersPass() {
	d.t.Helper()
	var all []string
	for i := range 5 {
		all = append(all, fmt.Sprintf("other%d@example.net", i))
	}
	for _, site := range d.sites {
		for _, email := range all {
			if _, err := site.AddMember(ghosttest.Member{Email: email}); err != nil {
				d.t.Fatal(err)
			}
		}
		site.Flush()
		d.eventually("others of "+site.name+" are on their list", 2*time.Minute, func() string {
			for _, email := range all {
				if s, _ := d.list.Subscriber(site.listID, email); s.State != "Active" {
					return email + " is " + s.State
				}
			}
			return ""
		})
	}
}

// Each of these is under way when others come, and still is when those are done.
func TestWhileAMemberWithFiveHundredLabelsIsWrittenOthersPass(t *testing.T) {
	t.Parallel()
	const email = "many@example.org"
	d := newDoorstep(t, email, rigOptions{})
	labels := make([]string, 500)
	for i := range labels {
		labels[i] = fmt.Sprintf("A label with a long name %03d", i)
	}
	if _, err := d.sites[0].AddMember(ghosttest.Member{Email: email, Labels: labels}); err != nil {
		t.Fatal(err)
	}
	d.poisonIsThere()
	d.othersPass()
	if s, found := d.list.Subscriber(d.sites[0].listID, email); found {
		t.Errorf("it was written first, as %+v: the test shows nothing", s)
	}
	d.letGo()
	d.eventually("it is written, too", 2*time.Minute, func() string {
		s, _ := d.list.Subscriber(d.sites[0].listID, email)
		if s.State != "Active" || s.Fields["ghost_labels"] == "" {
			return fmt.Sprintf("it is %+v", s)
		}
		return d.settled()
	})
	d.clean()
}

func TestWhileAWebhookOfOneMebibyteComesInOthersPass(t *testing.T) {
	t.Parallel()
	d := newDoorstep(t, "nothing has this mark", rigOptions{noAdmin: true})
	site := d.sites[0]
	site.HoldWebhooks(true)
	d.add(site, 1)
	hook := site.TakeWebhooks()[0]
	site.HoldWebhooks(false)
	hook.Body = append(bytes.TrimSpace(hook.Body), bytes.Repeat([]byte(" "), 1<<20-len(bytes.TrimSpace(hook.Body)))...)
	hook = site.Resign(hook, time.Now())
	answered := make(chan string, 1)
	first, rest := hook.Body[:1<<19], hook.Body[1<<19:]
	body, pen := io.Pipe()
	go func() { answered <- sendSlowly(t, hook, body) }()
	if _, err := pen.Write(first); err != nil {
		t.Fatal(err)
	}
	d.othersPass()
	select {
	case answer := <-answered: // a machine that is so slow that the body's time is over
		t.Logf("it was cut meanwhile: %s", answer)
		return
	default:
	}
	if _, err := pen.Write(rest); err != nil {
		t.Fatal(err)
	}
	_ = pen.Close()
	if answer := <-answered; answer != "202 Accepted" {
		t.Fatalf("it was answered %s", answer)
	}
	d.eventually("its member is written, too", 2*time.Minute, func() string { return d.agrees(site) })
}

// sendSlowly posts a webhook whose body comes as it is written.
func sendSlowly(t *testing.T, hook ghosttest.Delivery, body io.Reader) string {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hook.URL, body)
	if err != nil {
		return err.Error()
	}
	req.ContentLength = int64(len(hook.Body))
	req.Header = hook.Header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	return resp.Status
}

func TestWhileTenThousandMembersOfOneSecondAreWrittenOthersPass(t *testing.T) {
	t.Parallel()
	second := time.Now().Truncate(time.Second)
	d := newDoorstep(t, "Member.1@example.org", rigOptions{env: []string{quietSchedule}, ghost: ghosttest.Options{Now: func() time.Time { return second }}})
	site := d.sites[0]
	crowd(t, site, 10_000)
	type ending struct {
		report reconcile.Report
		err    error
	}
	ended := make(chan ending, 1)
	go func() {
		report, err := d.Sync(t.Context(), site.name, reconcile.Request{})
		ended <- ending{report, err}
	}()
	d.poisonIsThere()
	d.othersPass()
	select {
	case end := <-ended:
		t.Fatalf("the sync has ended: the test shows nothing: %v", end.err)
	default:
	}
	d.letGo()
	if end := <-ended; end.err != nil {
		t.Fatal(end.err)
	}
	if problem := d.settled() + d.agrees(site); problem != "" {
		t.Error(problem)
	}
}
