// Package rig starts what a benchmark needs, each part a process of its own: a
// real Redis, the simulators of both APIs, the load generator, and what is
// measured, ghostcm's own binary or a reference program.
//
// It promises that worlds share nothing, and that nothing is left running after
// Close. It leaves what to measure to its caller.
package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/upstream"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/redisserver"
)

// Secret signs the webhooks of every site of a benchmark.
const Secret = "the-webhook-secret-of-the-benchmark"

// Key is the API key of every list.
const Key = cmtest.DefaultKey

// Options is what a world is made of. Binary and Self are required.
type Options struct {
	Binary  string // ghostcm
	Self    string // this program, which is also its own helpers
	Sites   int    // 0: one
	Members int    // of each site's Ghost; 0: no Ghost
	Proxy   func(socket string) (string, error)
}

// World is a Redis, both simulators and their sites.
type World struct {
	Options
	dir      string
	redis    *redisserver.Process
	socket   string // that the measured programs use
	running  []*Process
	Upstream upstream.Client
	Sites    []upstream.Site
}

// New makes a world.
func New(ctx context.Context, o Options) (w *World, err error) {
	dir, err := os.MkdirTemp("/tmp", "gcmbench") // short: a socket's path must stay under 104 bytes
	if err != nil {
		return nil, err
	}
	w = &World{Options: o, dir: dir}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	if err := w.startRedis(ctx); err != nil {
		return nil, err
	}
	p, address, err := announced(command{args: []string{o.Self, "-role", "upstream"}, log: w.file("upstream.log")})
	if err != nil {
		return nil, err
	}
	w.running, w.Upstream = append(w.running, p), upstream.Client{Address: address}
	w.Sites, err = w.Upstream.AddSites(ctx, max(1, o.Sites), o.Members)
	return w, err
}

func (w *World) file(name string) string { return filepath.Join(w.dir, name) }

func (w *World) startRedis(ctx context.Context) error {
	binary, err := redisserver.FindBinary()
	if err != nil {
		return err
	}
	w.socket = w.file("redis.sock")
	w.redis, err = redisserver.Launch(binary, []string{
		"--port", "0", "--unixsocket", w.socket, "--unixsocketperm", "600", "--dir", w.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
	}, io.Discard)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := redisserver.WaitReady(ctx, w.socket, w.redis); err != nil {
		return err
	}
	if w.Proxy != nil {
		w.socket, err = w.Proxy(w.socket)
	}
	return err
}

// Close ends everything and removes its files.
func (w *World) Close() {
	for i := len(w.running) - 1; i >= 0; i-- {
		w.running[i].Stop()
	}
	if w.redis != nil {
		_ = w.redis.Signal(os.Kill)
		<-w.redis.Done()
	}
	_ = os.RemoveAll(w.dir)
}

// RedisPid is the process id of Redis.
func (w *World) RedisPid() int { return w.redis.Pid() }

// Used is what Redis' data takes, in bytes: without the buffers of its clients and
// of its append-only file.
func (w *World) Used(ctx context.Context) (float64, error) {
	info, err := w.Info(ctx, "memory")
	if err != nil {
		return 0, err
	}
	return info["used_memory"] - info["mem_clients_normal"] - info["mem_aof_buffer"], nil
}

// Info is what Redis tells of itself in numbers.
func (w *World) Info(ctx context.Context, section string) (map[string]float64, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", w.file("redis.sock"))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "INFO %s\r\n", section); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	head, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	length, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(head, "$")))
	if err != nil {
		return nil, fmt.Errorf("redis tells nothing of its %s: %w", section, err)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, err
	}
	numbers := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			numbers[name] = n
		}
	}
	return numbers, nil
}

// ErrWrong is that a run did not do what it was to do, so that it measures nothing.
var ErrWrong = errors.New("the run is wrong")

// Load sends events from a process of its own, and fails if one was not accepted.
func (w *World) Load(ctx context.Context, s load.Spec) (r load.Report, err error) {
	spec, err := json.Marshal(s)
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, w.Self, "-role", "load")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(spec), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("the load generator: %w", err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("the load generator's report: %w", err)
	}
	if r.Wrong > 0 {
		return r, fmt.Errorf("%w: %d of %d answers: %s", ErrWrong, r.Wrong, r.Events, r.Sample)
	}
	return r, nil
}
