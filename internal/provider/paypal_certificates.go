package provider

import (
	"context"
	"crypto/x509"
	"sync"
	"time"
)

// A stranger can name any address at PayPal, but fill nothing and wait for nobody but
// strangers: only what proved to be PayPal's is kept, and is found without asking.
const (
	maxCertificates = 16          // PayPal uses one or two at a time
	maxRefused      = 256         // addresses that are remembered to have nothing
	refusedFor      = time.Minute // after which one of those is asked again
	asksAtOnce      = 4           // different addresses
)

// certificates remembers what was found at PayPal's addresses, and lets each address
// be asked by one goroutine at a time.
type certificates struct {
	asking chan struct{} // holds a place for each address that is being asked

	mu      *sync.Mutex
	found   map[string]*x509.Certificate
	refused map[string]time.Time
	turns   map[string]chan struct{} // closed when the turn at an address ends
}

func newCertificates() certificates {
	return certificates{
		asking: make(chan struct{}, asksAtOnce), mu: &sync.Mutex{},
		found: map[string]*x509.Certificate{}, refused: map[string]time.Time{}, turns: map[string]chan struct{}{},
	}
}

// turn is the right to ask one address.
type turn struct {
	all     certificates
	address string
	over    chan struct{}
}

// turn waits until nobody else asks this address.
func (c certificates) turn(ctx context.Context, address string) (turn, error) {
	for {
		c.mu.Lock()
		other, taken := c.turns[address]
		if !taken {
			t := turn{all: c, address: address, over: make(chan struct{})}
			c.turns[address] = t.over
			c.mu.Unlock()
			return t, nil
		}
		c.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return turn{}, ctx.Err()
		}
	}
}

// alone waits until few enough other addresses are being asked.
func (t turn) alone(ctx context.Context) (done func(), err error) {
	select {
	case t.all.asking <- struct{}{}:
		return func() { <-t.all.asking }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t turn) end() {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	delete(t.all.turns, t.address)
	close(t.over)
}

// known returns what is remembered of the address: a certificate that has not expired,
// or that there is none.
func (t turn) known(now time.Time) (cert *x509.Certificate, refused bool) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	if cert = t.all.found[t.address]; cert != nil && now.After(cert.NotAfter) {
		cert = nil
	}
	until, known := t.all.refused[t.address]
	return cert, cert == nil && known && now.Before(until)
}

// keep remembers a certificate. When there are too many, the one that ends first goes.
func (t turn) keep(cert *x509.Certificate, now time.Time) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	delete(t.all.refused, t.address)
	t.all.found[t.address] = cert
	first := ""
	for address, c := range t.all.found {
		if now.After(c.NotAfter) {
			delete(t.all.found, address)
		} else if first == "" || c.NotAfter.Before(t.all.found[first].NotAfter) {
			first = address
		}
	}
	if len(t.all.found) > maxCertificates {
		delete(t.all.found, first)
	}
}

// refuse remembers for a while that there is nothing at the address.
func (t turn) refuse(now time.Time) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	for address, until := range t.all.refused {
		if !now.Before(until) {
			delete(t.all.refused, address)
		}
	}
	if len(t.all.refused) < maxRefused {
		t.all.refused[t.address] = now.Add(refusedFor)
	}
}
