package server

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// capacity bounds the connections that are open at once: all together, and of
// one client, so that nobody alone can take the others' room.
type capacity struct {
	slots     chan struct{}
	perClient int
	open      atomic.Int64 // accepted; Accept has one slot more while it waits
	arriving  arrivals

	mu      sync.Mutex
	trusted []netip.Prefix // proxies, which bring the connections of many
	held    map[netip.Prefix]int
}

func newCapacity(o Options) *capacity {
	return &capacity{
		slots: make(chan struct{}, orElse(o.MaxConnections, 2048)), perClient: orElse(o.MaxPerClient, 128),
		trusted: o.TrustedProxies, held: map[netip.Prefix]int{},
	}
}

// scarce is whether half of the room is taken.
func (c *capacity) scarce() bool { return 2*c.open.Load() >= int64(cap(c.slots)) }

// enter counts a connection of a client. It says no to one too many; leave is
// called once after a yes.
func (c *capacity) enter(remote net.Addr) (leave func(), ok bool) {
	addr, viaSocket := peer(remote.String())
	c.mu.Lock()
	defer c.mu.Unlock()
	if viaSocket || addr.IsLoopback() || isTrusted(addr, c.trusted) {
		return func() {}, true
	}
	key := clientKey(addr)
	if c.held[key] >= c.perClient {
		return nil, false
	}
	c.held[key]++
	return func() { c.leave(key) }, true
}

func (c *capacity) trust(proxies []netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trusted = proxies
}

func (c *capacity) leave(key netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[key]--; c.held[key] == 0 {
		delete(c.held, key)
	}
}

// capped keeps the connections of ln within the capacity. Those beyond it wait
// in the system's queue until one closes; a client's own beyond its share are
// closed at once.
func capped(ln net.Listener, c *capacity) net.Listener {
	return &cappedListener{Listener: ln, capacity: c, closed: make(chan struct{})}
}

type cappedListener struct {
	net.Listener
	capacity *capacity
	once     sync.Once
	closed   chan struct{}
}

// Accept gives up waiting for a slot when the listener closes: to shut down, the
// server waits for it, and only then ends the connections that hold the slots.
func (l *cappedListener) Accept() (net.Conn, error) {
	slots := l.capacity.slots
	select {
	case slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			<-slots
			return nil, err
		}
		if leave, ok := l.capacity.enter(conn.RemoteAddr()); ok {
			l.capacity.open.Add(1)
			release := func() { leave(); l.capacity.open.Add(-1); <-slots }
			return &cappedConn{Conn: conn, arrival: l.capacity.arriving.begin(), release: release}, nil
		}
		_ = conn.Close() // nobody is left to tell
	}
}

func (l *cappedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type cappedConn struct {
	net.Conn
	arrival *arrival
	once    sync.Once
	release func()
}

// Close may come more than once; the slot is given back once.
func (c *cappedConn) Close() error {
	err := c.Conn.Close()
	c.arrival.end()
	c.once.Do(c.release)
	return err
}

// CloseWrite lets the server end an answer to a client that is still sending
// without a reset, which could overtake the answer.
func (c *cappedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
