package fleet_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// post takes the webhooks that the Ghosts make, and brings each to one serve, as a
// load balancer does: in any order, some twice. Ghost tries once, for two seconds.
type post struct {
	town *town

	mu      sync.Mutex
	random  *rand.Rand
	shunned map[*node]time.Time // serves that did not answer, and until when others go first
	ways    sync.WaitGroup      // webhooks under way
}

// Run takes and brings until ctx ends, and then what is under way.
func (p *post) Run(ctx context.Context) {
	for ctx.Err() == nil {
		p.round()
		rest(ctx, 5*time.Millisecond)
	}
	p.round()
	p.ways.Wait()
}

// round takes what there is.
func (p *post) round() {
	for _, s := range p.town.sites {
		for _, d := range s.TakeWebhooks() {
			p.bring(s, d)
		}
	}
}

func (p *post) bring(s *site, d ghosttest.Delivery) {
	f, err := p.town.book.Enter(s, d)
	if err != nil {
		p.town.t.Errorf("a webhook of the simulator: %v", err)
		return
	}
	delay, again := p.delays()
	p.ways.Go(func() {
		time.Sleep(delay)
		p.town.book.Answer(f, p.Send(s, d))
	})
	if again > 0 {
		p.ways.Go(func() {
			time.Sleep(again)
			p.town.book.Answer(f, p.Send(s, d))
		})
	}
}

// delays is how long a webhook is on its way, and its copy, if it has one: mostly
// moments, now and then so long that newer ones overtake it.
func (p *post) delays() (first, second time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delay := func() time.Duration {
		if p.random.IntN(10) == 0 {
			return time.Duration(p.random.IntN(2000)) * time.Millisecond
		}
		return time.Duration(p.random.IntN(60)) * time.Millisecond
	}
	first = delay()
	if p.random.IntN(10) == 0 {
		second = delay() + time.Millisecond
	}
	return first, second
}

// Send brings a webhook to a serve that listens, once, and says whether it was
// acknowledged.
func (p *post) Send(s *site, d ghosttest.Delivery) bool {
	for _, n := range p.order() {
		d.URL = strings.Replace(d.URL, "http://balancer", "http://127.0.0.1:"+n.port, 1)
		status, err := s.Send(context.Background(), d)
		if refused(err) {
			d.URL = strings.Replace(d.URL, "http://127.0.0.1:"+n.port, "http://balancer", 1)
			p.shun(n)
			continue
		}
		if err != nil {
			p.shun(n)
			return false
		}
		if status != http.StatusAccepted && status != http.StatusServiceUnavailable {
			p.town.t.Errorf("%s answered a genuine webhook with %d", n.name, status)
		}
		return status == http.StatusAccepted
	}
	return false
}

// refused says that nobody listens, so that a balancer may ask somebody else.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// order is whom to ask, one after the other.
func (p *post) order() []*node {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first, last []*node
	now := time.Now()
	for _, i := range p.random.Perm(len(p.town.serves)) {
		if n := p.town.serves[i]; p.shunned[n].After(now) {
			last = append(last, n)
		} else {
			first = append(first, n)
		}
	}
	return append(first, last...)
}

func (p *post) shun(n *node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shunned[n] = time.Now().Add(time.Second)
}

// Stray brings a webhook that Ghost should not have made, and that must change
// nothing: the book does not know it.
func (p *post) Stray(s *site, d ghosttest.Delivery) {
	delay, _ := p.delays()
	p.ways.Go(func() {
		time.Sleep(delay)
		p.Send(s, d)
	})
}
