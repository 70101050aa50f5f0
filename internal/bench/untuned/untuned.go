// Package untuned is ghostcm's job library as it comes: gocraft/work with its own
// enqueuer and its own worker pool, behind the same bare server that package
// limit is. It shows what the treatment of the library in package jobs is worth.
// An idle pool looks for work after 5 s at the latest.
package untuned

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gocraft/work"
	"github.com/gomodule/redigo/redis"

	"github.com/ghostcm/ghostcm/internal/bench/limit"
	"github.com/ghostcm/ghostcm/internal/ghost"
)

const (
	namespace = "untuned"
	jobName   = "member"
)

// Start starts the workers, and returns the handler that feeds them.
func Start(ctx context.Context, o limit.Options) http.Handler {
	pool := &redis.Pool{MaxActive: 50, MaxIdle: 50, Wait: true,
		Dial: func() (redis.Conn, error) { return redis.Dial("unix", o.Redis) }}
	list := limit.List{URL: o.List, Key: o.Key,
		HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
	workers := work.NewWorkerPool(struct{}{}, uint(o.Consumers), namespace, pool)
	workers.Job(jobName, func(job *work.Job) error {
		var e limit.Event
		if err := json.Unmarshal([]byte(job.ArgString("body")), &e); err != nil {
			return fmt.Errorf("an event of the queue: %w", err)
		}
		return list.Add(ctx, e.Member.Current)
	})
	workers.Start()
	enqueuer := work.NewEnqueuer(namespace, pool)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhook/ghost/{site}", func(w http.ResponseWriter, r *http.Request) {
		status := take(enqueuer, o.Secret, r)
		w.WriteHeader(status)
		if status == http.StatusAccepted {
			_, _ = io.WriteString(w, `{"status":"accepted"}`)
		}
	})
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func take(enqueuer *work.Enqueuer, secret string, r *http.Request) (status int) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return http.StatusBadRequest
	}
	_, err = ghost.Verify(r.Header.Get(ghost.SignatureHeader), body,
		ghost.Verification{Secrets: [][]byte{[]byte(secret)}, Now: time.Now(), Tolerance: 5 * time.Minute})
	if err != nil {
		return http.StatusUnauthorized
	}
	if _, err := enqueuer.Enqueue(jobName, work.Q{"body": string(body)}); err != nil {
		return http.StatusServiceUnavailable
	}
	return http.StatusAccepted
}
