// Command bench measures ghostcm against reference programs in the same run, and
// prints one table and bin/bench.json. It is for `make bench`; docs/performance.md
// says what the numbers mean.
//
// It promises that each part is a process of its own (the real binary and a real
// Redis that appends to a file, the simulators, the load generator); that what is
// compared ran in turn, within seconds of each other; that every answer was
// checked, and every event seen on its list; and that the spread stands beside
// each median. A run that is wrong is an error, and no number.
//
// Its other roles are the parts themselves, which it starts as its own children.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ghostcm/ghostcm/internal/bench/limit"
	"github.com/ghostcm/ghostcm/internal/bench/load"
	"github.com/ghostcm/ghostcm/internal/bench/pages"
	"github.com/ghostcm/ghostcm/internal/bench/rig"
	"github.com/ghostcm/ghostcm/internal/bench/untuned"
	"github.com/ghostcm/ghostcm/internal/bench/upstream"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o options
	role := flag.String("role", "bench", "bench, budget, record, list; or a part: load, upstream, limit, untuned, pages")
	flag.StringVar(&o.binary, "binary", "bin/ghostcm", "what is measured")
	flag.StringVar(&o.rows, "row", "", "rows to measure, separated by commas; empty: all")
	flag.IntVar(&o.runs, "runs", 5, "how often each is measured")
	flag.BoolVar(&o.quick, "quick", false, "one short run of each: shows that it works, measures little")
	flag.StringVar(&o.json, "json", "bin/bench.json", "file that takes the results")
	flag.StringVar(&o.doc, "doc", "", "page whose results are replaced")
	reference := limit.Options{Secret: rig.Secret, Key: rig.Key}
	flag.StringVar(&reference.Redis, "redis", "", "of a reference program: path of Redis' socket")
	flag.IntVar(&reference.Consumers, "consumers", 1, "of a reference program")
	flag.StringVar(&reference.List, "list", "", "of a reference program: URL of the list's subscribers")
	ghost := flag.String("ghost", "", "of pages: URL of a Ghost")
	key := flag.String("key", "", "of pages: its Admin API key")
	flag.Parse()
	switch *role {
	case "bench":
		return measure(ctx, o)
	case "budget":
		return checkBudget(ctx, o)
	case "record":
		return record(ctx, o)
	case "list":
		for _, r := range rows() {
			fmt.Printf("%-12s %s\n", r.name, r.title)
		}
		return nil
	case "load":
		return generate()
	case "upstream":
		return upstream.Serve(ctx, func(address string) { fmt.Println(address) })
	case "pages":
		n, err := pages.Fetch(ctx, *ghost, *key)
		fmt.Println(n)
		return err
	case "limit":
		return serveLimit(ctx, reference)
	case "untuned":
		return serve(ctx, untuned.Start(ctx, reference))
	}
	return fmt.Errorf("there is no role %q", *role)
}

// generate is the load generator: a spec on its input, a report on its output.
func generate() error {
	var s load.Spec
	if err := json.NewDecoder(os.Stdin).Decode(&s); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(load.Run(s))
}

func serveLimit(ctx context.Context, o limit.Options) error {
	for range o.Consumers {
		go func() {
			if err := limit.Consume(ctx, o); ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "limit:", err)
				os.Exit(1)
			}
		}()
	}
	handler, err := limit.Handler(o)
	if err != nil {
		return err
	}
	return serve(ctx, handler)
}

// serve announces its address and serves until ctx ends.
func serve(ctx context.Context, h http.Handler) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
