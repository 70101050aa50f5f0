package redisserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Ping asks the server on a unix socket whether it takes commands; one that
// still loads its data does not. It takes at most a second.
func Ping(ctx context.Context, socket string) error {
	answer, err := ask(ctx, socket, "PING")
	if err != nil {
		return fmt.Errorf("ping redis-server: %w", err)
	}
	if answer != "+PONG" {
		return fmt.Errorf("ping redis-server: it answers %q", answer)
	}
	return nil
}

// ask sends one command without arguments and returns the first line of the answer.
func ask(ctx context.Context, socket, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// WaitReady returns once the server answers on its socket. It gives up when the
// process dies or ctx ends.
func WaitReady(ctx context.Context, socket string, proc *Process) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := Ping(ctx, socket)
		if err == nil {
			return nil
		}
		select {
		case <-proc.Done():
			return fmt.Errorf("redis-server ended while starting: %w", ended(proc))
		case <-ctx.Done():
			return fmt.Errorf("wait for redis-server: %w (%w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func ended(proc *Process) error {
	if err := proc.Err(); err != nil {
		return err
	}
	return errors.New("exit status 0")
}
