// Package load posts webhooks as Ghost does, and measures the answers. It is for
// the benchmark, which runs it in a process of its own.
//
// It promises that each request is signed when it is sent, that each answer is
// checked, and that latencies leave nothing out: at a given rate a request's
// latency begins when it was due, not when its turn came. It leaves what becomes
// of an event after its answer to package upstream.
package load

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Target is one site's webhook.
type Target struct {
	Address string // host:port
	Path    string // /webhook/ghost/{site}
	Secret  string
}

// Spec is what to send. Either Events or Seconds ends it.
type Spec struct {
	Targets     []Target // of one server, in turn, one event each
	Connections int
	Fresh       bool    // a new connection for each request, as Ghost does
	Together    bool    // each connection sends one event, all at the same moment
	Rate        float64 // events a second, whatever the answers do; 0: as fast as they come
	Pause       float64 // milliseconds before each event, with one connection; 0: none
	Events      int
	Seconds     float64
	Run         string // part of every address, so that runs do not meet
	First       int    // number of the first member
	Edit        int    // not 0: the n-th edit of members that were added before
}

// Report is what came of it. Times are in nanoseconds since 1970, latencies in
// milliseconds.
type Report struct {
	Events        int
	Began         int64
	Seconds       float64 // to the last answer
	PerSecond     float64
	P50, P99, Max float64
	Wrong         int     // answers that were not 202 and accepted, and requests without an answer
	Sample        string  // the first wrong one
	Sent          []int64 `json:",omitempty"` // when each event was sent, with Pause only
}

// Run sends what the spec says.
func Run(s Spec) Report {
	g := &generator{Spec: s, start: make(chan struct{})}
	g.end.Store(1 << 62)
	if s.Events > 0 {
		g.end.Store(int64(s.Events))
	}
	var sending sync.WaitGroup
	for range s.Connections {
		sending.Go(g.send)
	}
	g.began = time.Now()
	if s.Seconds > 0 {
		time.AfterFunc(time.Duration(s.Seconds*float64(time.Second)), func() { g.end.Store(0) })
	}
	close(g.start)
	sending.Wait()
	return g.report(time.Since(g.began))
}

type generator struct {
	Spec
	start     chan struct{}
	began     time.Time
	next, end atomic.Int64

	mu        sync.Mutex
	latencies []time.Duration
	sent      []int64
	wrong     int
	sample    string
}

// send is one connection's, or one line of connections', part.
func (g *generator) send() {
	to := make([]sender, len(g.Targets))
	for i, t := range g.Targets {
		to[i] = sender{t, newSigner(t.Secret)}
	}
	c := newClient(g.Fresh)
	defer c.close()
	var latencies []time.Duration
	<-g.start
	for {
		i := g.next.Add(1) - 1
		if i >= g.end.Load() {
			break
		}
		body, event := g.body(int(i))
		from := g.due(i)
		status, err := c.post(to[int(i)%len(to)], event, body)
		latencies = append(latencies, time.Since(from))
		g.judge(from, status, err)
		if g.Together {
			break
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latencies = append(g.latencies, latencies...)
}

func (g *generator) body(i int) (body []byte, event string) {
	if g.Edit > 0 {
		return Edited(g.Run, g.First+i, g.Edit), "member.edited"
	}
	return Added(g.Run, g.First+i), "member.added"
}

// due waits until event i is to be sent, and returns the time that its latency
// is measured from.
func (g *generator) due(i int64) time.Time {
	switch {
	case g.Rate > 0:
		at := g.began.Add(time.Duration(float64(i) / g.Rate * float64(time.Second)))
		sleep(time.Until(at))
		return at
	case g.Pause > 0:
		sleep(time.Duration(g.Pause * float64(time.Millisecond)))
	}
	return time.Now()
}

func (g *generator) judge(from time.Time, status int, err error) {
	if status == 202 && err == nil && g.Pause == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Pause > 0 {
		g.sent = append(g.sent, from.UnixNano())
	}
	if status == 202 && err == nil {
		return
	}
	if g.wrong++; g.sample == "" {
		g.sample = "status " + strconv.Itoa(status)
		if err != nil {
			g.sample += ": " + err.Error()
		}
	}
}

func (g *generator) report(took time.Duration) Report {
	slices.Sort(g.latencies)
	r := Report{
		Events: len(g.latencies), Began: g.began.UnixNano(), Seconds: took.Seconds(),
		PerSecond: float64(len(g.latencies)-g.wrong) / took.Seconds(), Wrong: g.wrong, Sample: g.sample, Sent: g.sent,
	}
	if len(g.latencies) > 0 {
		r.P50, r.P99, r.Max = at(g.latencies, 0.50), at(g.latencies, 0.99), at(g.latencies, 1)
	}
	return r
}

// at is a quantile of sorted latencies, in milliseconds.
func at(sorted []time.Duration, share float64) float64 {
	i := min(int(share*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[i].Nanoseconds()) / 1e6
}
