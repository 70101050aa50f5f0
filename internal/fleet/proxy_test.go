package fleet_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// wire is a TCP proxy: a piece of network that can be cut, and can hang.
type wire struct {
	ln   net.Listener
	dial func() (net.Conn, error)

	mu     sync.Mutex
	cut    bool
	flows  chan struct{} // closed while bytes may pass
	conns  map[net.Conn]bool
	served sync.WaitGroup
	held   atomic.Int64 // how many connections have sent what does not arrive
}

// newWire is the network before an address, as net.Dial takes it.
func newWire(t *testing.T, network, address string) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{ln: ln, conns: map[net.Conn]bool{}, flows: make(chan struct{})}
	w.dial = func() (net.Conn, error) { return net.Dial(network, address) }
	close(w.flows)
	w.served.Go(w.accept)
	t.Cleanup(func() {
		ln.Close()
		w.Cut()
		w.Mend()
		w.served.Wait()
	})
	return w
}

func (w *wire) Address() string { return w.ln.Addr().String() }

// Cut breaks every connection, and refuses new ones until Mend.
func (w *wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for c := range w.conns {
		reset(c)
	}
	clear(w.conns)
}

// Hang lets nothing pass until Mend, though all seems connected. What was sent
// meanwhile arrives then.
func (w *wire) Hang() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flows = make(chan struct{})
}

// Mend ends whatever was wrong.
func (w *wire) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
	select {
	case <-w.flows:
	default:
		close(w.flows)
	}
}

func (w *wire) accept() {
	for {
		near, err := w.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			w.connect(near)
		}
	}
}

func (w *wire) connect(near net.Conn) {
	far, err := w.dial()
	if err != nil {
		reset(near)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		reset(near)
		reset(far)
		return
	}
	w.conns[near], w.conns[far] = true, true
	w.served.Go(func() { w.carry(near, far) })
	w.served.Go(func() { w.carry(far, near) })
}

// carry passes bytes on, as long as they may flow.
func (w *wire) carry(from, to net.Conn) {
	defer w.forget(from, to)
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			w.held.Add(1)
			<-w.open()
			w.held.Add(-1)
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				<-w.open()
			}
			return
		}
	}
}

func (w *wire) open() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flows
}

func (w *wire) forget(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(w.conns, c)
	}
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}
