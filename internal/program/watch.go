package program

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	watchEvery = 5 * time.Second
	// watchPatience is for one question; a webhook waits less.
	watchPatience = 2 * time.Second
)

// watch tells in the log when Redis goes and when it is back, and why: without
// webhooks, nobody else notices.
type watch struct {
	ask  func(context.Context) error
	log  *slog.Logger
	away bool
	why  string
}

// watchRedis watches until ctx ends, or until stop is called, which waits.
func (p *Program) watchRedis(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{ask: p.prompt.Writable, log: p.opt.Log}
	var running sync.WaitGroup
	running.Go(func() { w.run(ctx) })
	return func() { cancel(); running.Wait() }
}

func (w *watch) run(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look asks once, and tells what has changed since.
func (w *watch) look(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	err := w.ask(asking)
	switch {
	case ctx.Err() != nil: // the end of the watch, not of Redis
	case err == nil && w.away:
		w.away, w.why = false, ""
		w.log.Info("redis.reachable")
	case err != nil:
		if why := redisReason(err); !w.away || w.why != why {
			w.away, w.why = true, why
			w.log.Error("redis.unreachable", "reason", why)
		}
	}
}

// redisReason says why Redis does not take a webhook. It never holds the error's
// own text: a server that is no Redis may repeat what it was sent, and that
// begins with the password.
func redisReason(err error) string {
	var (
		unknown   *net.DNSError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		network   net.Error
	)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused: nothing listens where REDIS_URL points"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENOENT):
		return "the socket of REDIS_URL does not exist"
	case errors.Is(err, os.ErrPermission):
		return "this user may not use the socket of REDIS_URL"
	case errors.As(err, &unknown):
		return "the host of REDIS_URL has no address"
	case errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid):
		return "its certificate is not trusted: look at REDIS_TLS_CA and the host of REDIS_URL"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "it does not answer in time"
	case errors.As(err, &network) && network.Timeout():
		return "it does not answer in time"
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection to REDIS_URL breaks"
	}
	return redisReply(err)
}

// redisReply reads the first word of what Redis answered, which by its protocol
// is a code.
func redisReply(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	code, _, _ := strings.Cut(err.Error(), " ")
	switch code {
	case "WRONGPASS":
		return "the user or password of REDIS_URL is wrong"
	case "NOAUTH":
		return "it asks for a password, and REDIS_URL has none"
	case "NOPERM":
		return "the user of REDIS_URL may not do what ghostcm needs"
	case "OOM":
		return "its memory is full"
	case "READONLY":
		return "it is a replica, which takes no writes"
	case "LOADING":
		return "it loads its data"
	case "MISCONF":
		return "it cannot save to its disk, and takes no writes"
	case "NOREPLICAS":
		return "it has too few replicas to take writes"
	case "MOVED", "ASK", "CLUSTERDOWN", "CROSSSLOT", "TRYAGAIN":
		return "it is a node of a cluster that does not hold all of ghostcm's keys: ghostcm needs one Redis, or a Sentinel group"
	}
	return "it refuses what ghostcm asks: look at the user, the password and the database of REDIS_URL"
}
