package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// client posts webhooks over one connection at a time. It writes HTTP/1.1 by
// itself: net/http's client would cost as much as the server that it measures,
// on the same two cores.
type client struct {
	fresh bool // a new connection for each request
	conn  net.Conn
	in    *bufio.Reader
	out   []byte
}

// sender is a target with what signs for it.
type sender struct {
	Target
	*signer
}

const patience = 30 * time.Second // for one answer

var errNotAccepted = errors.New("a 202 that does not say accepted")

func newClient(fresh bool) *client {
	return &client{fresh: fresh, in: bufio.NewReaderSize(nil, 4096)}
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// post sends a body, freshly signed, and returns the answer's status. A 202 that
// does not say that the event was accepted is an error.
func (c *client) post(to sender, event string, body []byte) (status int, err error) {
	if c.conn == nil {
		if c.conn, err = net.DialTimeout("tcp", to.Address, patience); err != nil {
			return 0, fmt.Errorf("connect: %w", err)
		}
		c.in.Reset(c.conn)
	}
	if err = c.conn.SetDeadline(time.Now().Add(patience)); err == nil {
		_, err = c.conn.Write(c.request(to, event, body))
	}
	closing := true
	if err == nil {
		status, closing, err = c.answer()
	}
	if err != nil || closing || c.fresh {
		c.close()
	}
	return status, err
}

func (c *client) request(to sender, event string, body []byte) []byte {
	b := append(c.out[:0], "POST "...)
	b = append(b, to.Path...)
	b = append(b, "?event="...)
	b = append(b, event...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, to.Address...)
	b = append(b, "\r\nUser-Agent: Ghost/6.65 (https://github.com/TryGhost/Ghost)\r\nAccept-Encoding: gzip, deflate, br\r\n"+
		"Content-Type: application/json\r\nContent-Version: v6.65\r\nX-Ghost-Signature: "...)
	b = to.append(b, body, time.Now().UnixMilli())
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	if c.fresh {
		b = append(b, "\r\nConnection: close"...)
	}
	b = append(b, "\r\n\r\n"...)
	c.out = append(b, body...)
	return c.out
}

// answer reads one answer with a Content-Length, as all that are measured send.
func (c *client) answer() (status int, closing bool, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0, true, errors.Join(errors.New("no status line"), err)
	}
	status, _ = strconv.Atoi(string(line[9:12]))
	length := 0
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return status, true, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, _ = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Connection")):
			closing = bytes.EqualFold(value, []byte("close"))
		}
	}
	body := make([]byte, length)
	if _, err = io.ReadFull(c.in, body); err == nil && status == 202 && !bytes.Contains(body, []byte(`"accepted"`)) {
		err = errNotAccepted
	}
	return status, closing, err
}
