// Package upstream is the other side of a benchmark: the simulators of Campaign
// Monitor and Ghost in a process of their own, and what the benchmark asks them.
//
// It promises that what is called done was seen on the list: Wait returns when so
// many writes succeeded, and its answer counts the subscribers there are. It leaves
// the strictness to the simulators, which are those of the tests.
package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// Summary is what the list has seen since the last Mark. Times are in
// nanoseconds since 1970.
type Summary struct {
	Active      int   // subscribers of all lists, now
	Writes      int   // that succeeded
	Calls       int   // of any kind
	First, Last int64 // arrival of the first and the last write
	Violations  int   // what a good client does not do, ever
}

// Site is where a publication's two sides are.
type Site struct {
	Ghost, AdminKey string // empty without members
	ListID          string
}

type server struct {
	list   *cmtest.Server
	ghost  *ghosttest.Server
	lists  []string
	writes atomic.Int64 // that succeeded, since the last mark
	marked int          // requests before the mark
}

// Serve serves until ctx ends. It calls ready with the address: Campaign Monitor's
// API is there under /api/v3.3, what the benchmark asks under /bench/.
func Serve(ctx context.Context, ready func(address string)) error {
	s := &server{list: cmtest.New(cmtest.Options{}), ghost: ghosttest.New(ghosttest.Options{})}
	if err := s.ghost.Start(); err != nil {
		return err
	}
	defer s.ghost.Close()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ready(ln.Addr().String())
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", s.api)
	mux.HandleFunc("POST /bench/sites", s.addSites)
	mux.HandleFunc("POST /bench/delay", s.delay)
	mux.HandleFunc("POST /bench/mark", s.mark)
	mux.HandleFunc("GET /bench/wait", s.wait)
	mux.HandleFunc("GET /bench/arrivals", s.arrivals)
	h := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = h.Close() })
	_ = h.Serve(ln) // ends with ctx
	return s.list.Close()
}

// api counts the writes that succeed.
func (s *server) api(w http.ResponseWriter, r *http.Request) {
	seen := &statusWriter{ResponseWriter: w}
	s.list.ServeHTTP(seen, r)
	if r.Method != http.MethodGet && seen.status < 300 {
		s.writes.Add(1)
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Flush implements http.Flusher, which the simulator asks for.
func (w *statusWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

func number(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.URL.Query().Get(name)) // the benchmark's own requests
	return n
}

// addSites makes lists with ghostcm's fields; with members, all have one Ghost.
func (s *server) addSites(w http.ResponseWriter, r *http.Request) {
	var sites []Site
	for range number(r, "n") {
		id := s.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})
		for name, kind := range map[string]string{"ghost_status": "Text", "ghost_signup_date": "Date", "ghost_last_updated": "Date",
			"ghost_status_changed_at": "Date", "ghost_previous_status": "Text", "ghost_labels": "Text", "ghost_email_enabled": "Text"} {
			s.list.AddField(id, name, kind)
		}
		s.lists = append(s.lists, id)
		sites = append(sites, Site{ListID: id})
	}
	if n := number(r, "members"); n > 0 {
		s.populate(n)
		for i := range sites {
			sites[i].Ghost, sites[i].AdminKey = s.ghost.URL(), s.ghost.AdminKey()
		}
	}
	reply(w, sites)
}

func (s *server) populate(n int) {
	const batch = 10_000
	for from := 0; from < n; from += batch {
		members := make([]ghosttest.Member, 0, batch)
		for i := from; i < min(from+batch, n); i++ {
			m := ghosttest.Member{Email: fmt.Sprintf("reader%07d@bench.example.org", i), Name: fmt.Sprintf("Reader %d", i), Status: "free"}
			if i%3 == 0 {
				m.Labels = []string{"VIP", "Founder"}
			}
			members = append(members, m)
		}
		s.ghost.Import(members)
	}
}

func (s *server) delay(_ http.ResponseWriter, r *http.Request) {
	s.list.SetDelay(time.Duration(number(r, "ms")) * time.Millisecond)
}

func (s *server) mark(http.ResponseWriter, *http.Request) {
	s.writes.Store(0)
	s.marked = len(s.list.Requests())
}

// wait waits for so many writes, and for as long as it is told.
func (s *server) wait(w http.ResponseWriter, r *http.Request) {
	want, until := int64(number(r, "writes")), time.Now().Add(time.Duration(number(r, "ms"))*time.Millisecond)
	for s.writes.Load() < want && time.Now().Before(until) && r.Context().Err() == nil {
		time.Sleep(2 * time.Millisecond)
	}
	requests := s.list.Requests()[s.marked:]
	sum := Summary{Writes: int(s.writes.Load()), Calls: len(requests), Violations: len(s.list.Violations())}
	for _, q := range requests {
		if !q.Write || q.Status > 299 || q.Status == 0 {
			continue
		}
		if sum.First == 0 {
			sum.First = q.At.UnixNano()
		}
		sum.Last = max(sum.Last, q.At.UnixNano())
	}
	for _, list := range s.lists {
		for _, sub := range s.list.Subscribers(list) {
			if sub.State == "Active" {
				sum.Active++
			}
		}
	}
	reply(w, sum)
}

// arrivals tells when each address was first named by a request since the mark.
func (s *server) arrivals(w http.ResponseWriter, _ *http.Request) {
	first := map[string]int64{}
	for _, q := range s.list.Requests()[s.marked:] {
		for _, email := range q.Emails {
			if _, later := first[email]; !later {
				first[email] = q.At.UnixNano()
			}
		}
	}
	reply(w, first)
}

func reply(w http.ResponseWriter, v any) {
	_ = json.NewEncoder(w).Encode(v) // who asked sees what arrives
}
