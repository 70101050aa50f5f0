package demo

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// memory is a Redis in this process, behind a password: other people may have
// accounts on this machine.
type memory struct {
	server   *miniredis.Miniredis
	password string
	stop     chan struct{}
	clock    sync.WaitGroup
}

func newMemory() *memory {
	return &memory{server: miniredis.NewMiniRedis(), password: rand.Text(), stop: make(chan struct{})}
}

// tick is how often keys may expire. The library's own clock looks at every key
// on every command, which takes longer than the commands.
const tick = 100 * time.Millisecond

func (m *memory) start() error {
	m.server.RequireAuth(m.password)
	if err := m.server.Start(); err != nil {
		return err
	}
	m.clock.Go(m.expire)
	return nil
}

// expire lets time pass for the locks and heartbeats, which otherwise would
// never end.
func (m *memory) expire() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-m.stop:
			return
		case now := <-ticker.C:
			m.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (m *memory) url() string { return "redis://:" + m.password + "@" + m.server.Addr() }

func (m *memory) close() {
	close(m.stop)
	m.clock.Wait()
	m.server.Close()
}
