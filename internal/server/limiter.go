package server

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// maxClients bounds what the limiter remembers, to about 4 MB. The client not
// seen for longest is forgotten, which gives it a full bucket again.
const maxClients = 16384

// Limiter counts requests per client address. An IPv6 client is its /64: one
// subscriber has all addresses of it.
type Limiter struct {
	perMinute int
	trusted   []netip.Prefix
	now       func() time.Time

	mu      sync.Mutex
	clients *simplelru.LRU[netip.Prefix, *rate.Limiter]
}

// NewLimiter allows perMinute requests a minute, all of them at once if saved
// up; 0 allows all. trusted are the proxies whose X-Forwarded-For counts.
func NewLimiter(perMinute int, trusted []netip.Prefix, now func() time.Time) *Limiter {
	// The only error is a size that is not positive.
	clients, _ := simplelru.NewLRU[netip.Prefix, *rate.Limiter](maxClients, nil)
	return &Limiter{perMinute: perMinute, trusted: trusted, now: now, clients: clients}
}

// Take counts a request. It says no when the client's bucket is empty, and how
// long the client must wait for the next token. Such a request takes none.
func (l *Limiter) Take(r *http.Request) (wait time.Duration, ok bool) {
	if l.perMinute <= 0 {
		return 0, true
	}
	bucket := l.bucket(clientKey(clientAddr(r, l.trusted)))
	now := l.now()
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := max(1-bucket.TokensAt(now), 0)
	return time.Duration(missing / float64(bucket.Limit()) * float64(time.Second)), false
}

func (l *Limiter) bucket(key netip.Prefix) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bucket, ok := l.clients.Get(key); ok {
		return bucket
	}
	bucket := rate.NewLimiter(rate.Every(time.Minute/time.Duration(l.perMinute)), l.perMinute)
	l.clients.Add(key, bucket)
	return bucket
}

// Network names from where a request comes, by eight hex digits of a digest of the
// client's /24, or of IPv6 its /48: what one who sends from many addresses usually has.
func (l *Limiter) Network(r *http.Request) string {
	addr, bits := clientAddr(r, l.trusted), 24
	if addr.Is6() {
		bits = 48
	}
	network, _ := addr.Prefix(bits) // fails only for the zero address, with the zero prefix
	sum := sha256.Sum256([]byte(network.String()))
	return hex.EncodeToString(sum[:4])
}

// clientKey is what is counted together. The zero address has a key too.
func clientKey(addr netip.Addr) netip.Prefix {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	key, _ := addr.Prefix(bits) // fails only for the zero address, with the zero key
	return key
}
