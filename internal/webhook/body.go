package webhook

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// maxBody is the most that a webhook may weigh. Ghost's largest are about
	// 150 KB: an edit of a member with 500 labels.
	maxBody = 1 << 20

	// smallBody may be read without a slot: what every connection may hold in
	// memory at once. A plain member is 800 bytes.
	smallBody = 64 << 10

	maxLarge     = 48 // large bodies at once, of clients within their limit
	maxLargeOver = 16 // the same of clients over it, apart, so that they take no room of the others
	maxChecks    = 16 // verifications at once, of clients over their limit

	largePatience = time.Second
	checkPatience = 200 * time.Millisecond
)

// bodies reads request bodies within bounds of size, time and memory.
type bodies struct {
	timeout   time.Duration
	large     slots
	largeOver slots
}

func newBodies(timeout time.Duration) *bodies {
	return &bodies{timeout: timeout, large: make(slots, maxLarge), largeOver: make(slots, maxLargeOver)}
}

// read fills in the body. A client over its limit gets a quarter of the time.
func (b *bodies) read(w http.ResponseWriter, r *http.Request, req *incoming, within bool) Code {
	if r.ContentLength > maxBody {
		return PayloadTooLarge
	}
	timeout, large, patience := b.timeout, b.large, largePatience
	if !within {
		timeout, large, patience = b.timeout/4, b.largeOver, checkPatience
	}
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		if !large.take(patience) {
			req.cause = errBusy
			return Unavailable
		}
		defer large.give()
	}
	// A socket's deadline is real time, whatever clock signatures are held
	// against. The server lifts it at the body's end. A recorder in a test has none.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout))
	var err error
	req.body, err = readAll(w, r)
	if err != nil {
		req.cause = errBody
		return bodyCode(err)
	}
	req.bodyRead = true
	return accepted
}

// errBody stands for errors of reading, whose texts hold addresses of clients.
var (
	errBody = errors.New("the body did not arrive whole")
	errBusy = errors.New("too many large bodies arrive at once")
)

// readAll reads into a buffer of exactly the announced size where there is one.
func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

func bodyCode(err error) Code {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return PayloadTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return RequestTimeout
	}
	return InvalidPayload
}

// slots bounds how many do something at once.
type slots chan struct{}

// take waits for a slot, at most for patience.
func (s slots) take(patience time.Duration) bool {
	select {
	case s <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case s <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (s slots) give() { <-s }
