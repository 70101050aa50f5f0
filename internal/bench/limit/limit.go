// Package limit is the least that the way of an event can be, and so what the
// machine can do at all: a bare net/http server that checks Ghost's signature,
// decodes the JSON and does one LPUSH, and a consumer that takes it and calls
// Campaign Monitor once. It is what ghostcm is measured against.
//
// It promises nothing that ghostcm promises: no order, no coalescing, no memory,
// no retry, no consent, no limit, no log and no metrics. Concurrent LPUSHes share
// a write to Redis (see pipe), for that is the best that can be done.
package limit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options is what the program is told.
type Options struct {
	Redis     string // path of its socket
	Secret    string
	Consumers int
	List      string // URL of the list's subscribers: …/subscribers/{list}
	Key       string // API key
}

const queue = "limit:queue"

// Event is the part of a webhook that matters.
type Event struct {
	Member struct {
		Current Member `json:"current"`
	} `json:"member"`
}

// Member is the part of a member that goes to Campaign Monitor.
type Member struct {
	Email, Name, Status string
	Subscribed          bool
	CreatedAt           string `json:"created_at"`
	UpdatedAt           string `json:"updated_at"`
	Labels              []struct{ Name string }
}

// Handler takes webhooks into the queue.
func Handler(o Options) (http.Handler, error) {
	p, err := newPipe(o.Redis)
	if err != nil {
		return nil, err
	}
	scratch := sync.Pool{New: func() any {
		return &intake{mac: hmac.New(sha256.New, []byte(o.Secret)), push: push{done: make(chan error, 1)}}
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhook/ghost/{site}", func(w http.ResponseWriter, r *http.Request) {
		in := scratch.Get().(*intake)
		defer scratch.Put(in)
		if status := in.take(p, w, r); status != http.StatusAccepted {
			w.WriteHeader(status)
			return
		}
		w.Header()["Content-Type"] = []string{"application/json"}
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"status":"accepted"}`)
	})
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	return mux, nil
}

// intake is what one request needs, reused.
type intake struct {
	mac  hash.Hash
	body bytes.Buffer
	push push
}

func (in *intake) take(p *pipe, w http.ResponseWriter, r *http.Request) (status int) {
	in.body.Reset()
	if _, err := in.body.ReadFrom(http.MaxBytesReader(w, r.Body, 1<<20)); err != nil {
		return http.StatusBadRequest
	}
	if !in.genuine(r.Header.Get("X-Ghost-Signature")) {
		return http.StatusUnauthorized
	}
	var e Event
	if json.Unmarshal(in.body.Bytes(), &e) != nil || e.Member.Current.Email == "" {
		return http.StatusBadRequest
	}
	in.push.command = command(in.push.command[:0], "LPUSH", queue, in.body.String())
	p.pushes <- &in.push
	if err := <-in.push.done; err != nil {
		return http.StatusServiceUnavailable
	}
	return http.StatusAccepted
}

func (in *intake) genuine(header string) bool {
	sum, at, _ := strings.Cut(strings.TrimPrefix(header, "sha256="), ", t=")
	ms, err := strconv.ParseInt(at, 10, 64)
	if age := time.Since(time.UnixMilli(ms)); err != nil || age.Abs() > 5*time.Minute {
		return false
	}
	in.mac.Reset()
	in.mac.Write(in.body.Bytes())
	in.mac.Write([]byte(at))
	var want [sha256.Size]byte
	got, err := hex.DecodeString(sum)
	return err == nil && hmac.Equal(in.mac.Sum(want[:0]), got)
}
