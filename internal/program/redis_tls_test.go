package program_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// Both clients of Redis, the store's and that of the queue's library, show the
// same certificate.
func TestARedisThatWantsACertificateGetsIt(t *testing.T) {
	t.Parallel()
	port, pair := freePort(t), redistest.NewPair(t)
	server := redistest.New(t, redistest.TLS(port, pair))
	r := newRig(t, rigOptions{noAdmin: true, server: server, env: []string{
		"REDIS_URL=rediss://127.0.0.1:" + port, "REDIS_TLS_CA=" + pair.Cert, "REDIS_TLS_CERT=" + pair.Cert, "REDIS_TLS_KEY=" + pair.Key,
	}})
	r.add(r.sites[0], 1)
	r.eventually("written", 2*time.Minute, func() string { return r.settled() + r.agrees(r.sites[0]) })
}
