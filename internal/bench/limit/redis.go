package limit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// pipe is one connection to Redis that many requests share: what waits when the
// writer comes round goes out in one write.
type pipe struct {
	pushes chan *push
	sent   chan *push
}

// push is one command on its way, and the channel for its outcome.
type push struct {
	command []byte
	done    chan error
}

func newPipe(socket string) (*pipe, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	p := &pipe{pushes: make(chan *push, 4096), sent: make(chan *push, 1<<16)}
	go p.write(bufio.NewWriterSize(conn, 256<<10))
	go p.read(bufio.NewReaderSize(conn, 64<<10))
	return p, nil
}

func (p *pipe) write(out *bufio.Writer) {
	for next := range p.pushes {
		for more := true; more; {
			_, _ = out.Write(next.command) // Flush tells
			p.sent <- next
			select {
			case next = <-p.pushes:
			default:
				more = false
			}
		}
		if out.Flush() != nil {
			return // the reader tells those who wait
		}
	}
}

func (p *pipe) read(in *bufio.Reader) {
	var broken error
	for next := range p.sent {
		if broken != nil {
			next.done <- broken
			continue
		}
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			broken = err
			next.done <- err
		case line[0] == '-':
			next.done <- errors.New(strings.TrimSpace(string(line)))
		default:
			next.done <- nil
		}
	}
}

// command appends a command in Redis' protocol.
func command(dst []byte, args ...string) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(args)), 10)
	dst = append(dst, "\r\n"...)
	for _, a := range args {
		dst = append(dst, '$')
		dst = strconv.AppendInt(dst, int64(len(a)), 10)
		dst = append(dst, "\r\n"...)
		dst = append(dst, a...)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// taker takes one body after another from the queue.
type taker struct {
	conn net.Conn
	in   *bufio.Reader
}

func newTaker(socket string) (*taker, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	return &taker{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

// next waits for a body. BRPOP answers with an array of the key and the value.
func (t *taker) next() (body []byte, err error) {
	if _, err := t.conn.Write(command(nil, "BRPOP", queue, "0")); err != nil {
		return nil, err
	}
	if _, err := t.length(); err != nil {
		return nil, err
	}
	for range 2 {
		n, err := t.length()
		if err != nil {
			return nil, err
		}
		body = make([]byte, n+2)
		if _, err := io.ReadFull(t.in, body); err != nil {
			return nil, err
		}
	}
	return body[:len(body)-2], nil
}

func (t *taker) length() (int, error) {
	line, err := t.in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	if err != nil {
		return 0, fmt.Errorf("an answer of Redis: %w", err)
	}
	return n, nil
}
