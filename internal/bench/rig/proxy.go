package rig

import (
	"fmt"
	"net"
	"sync/atomic"
)

// Counter stands between programs and Redis, and counts what goes there: a round
// trip each time that a client writes, however many commands it writes at once.
type Counter struct{ trips atomic.Int64 }

// Trips is how many there were so far.
func (c *Counter) Trips() int64 { return c.trips.Load() }

// Before listens beside a Redis' socket and passes everything on; it is for
// Options.Proxy. It ends with the process.
func (c *Counter) Before(socket string) (proxy string, err error) {
	proxy = socket + ".counted"
	ln, err := net.Listen("unix", proxy)
	if err != nil {
		return "", fmt.Errorf("count round trips: %w", err)
	}
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go c.pass(client, socket)
		}
	}()
	return proxy, nil
}

func (c *Counter) pass(client net.Conn, socket string) {
	redis, err := net.Dial("unix", socket)
	if err != nil {
		_ = client.Close()
		return
	}
	go forward(client, redis, func() {})
	forward(redis, client, func() { c.trips.Add(1) })
}

// forward copies until one side ends, and then ends the other.
func forward(to, from net.Conn, each func()) {
	defer to.Close()
	buffer := make([]byte, 256<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			each()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
