package cli

import (
	"context"
	"net"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/program"
)

type serveOptions struct {
	worker        bool
	embeddedRedis bool
}

func newServeCommand(a *app) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve",
		Short: "Take webhooks from Ghost",
		Long: "Take webhooks from Ghost and queue them in Redis, for workers to do.\n\n" +
			"It starts whether or not Redis answers: /readyz tells whether webhooks can be taken, /health\n" +
			"how the queue is. On SIGTERM or Ctrl-C it answers what is in flight and ends; a second one\n" +
			"ends it at once. On SIGHUP it reads .env, --config and the files of secrets again, and goes on\n" +
			"with what is there, if that is right; no request is refused meanwhile. Logs go to stderr.\n\n" +
			"Under systemd it takes the socket of its .socket unit, in place of HOST and PORT, and feeds the\n" +
			"watchdog while it moves; see docs/deploy.\n\n" +
			"With --embedded-redis it runs a redis-server of its own, with its data in STATE_DIR/redis;\n" +
			"REDIS_URL is not used then. worker, status and dlq find it by themselves while REDIS_URL is not\n" +
			"set, if they have the same STATE_DIR; a worker has to start after it.",
		Example: "  ghostcm serve                            with Redis at REDIS_URL, and ghostcm worker elsewhere\n" +
			"  ghostcm serve --worker --embedded-redis  everything in one, on one machine",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c.Context(), o) },
	}
	flags := c.Flags()
	flags.BoolVar(&o.worker, "worker", false, "also do the work that the webhooks ask for")
	flags.BoolVar(&o.embeddedRedis, "embedded-redis", false, "run a redis-server in STATE_DIR instead of using REDIS_URL")
	a.settingFlag(flags, "host", "HOST", "listen on this `address`")
	a.settingFlag(flags, "port", "PORT", "listen on this `port`; 0 is any free one")
	return c
}

// serve listens first: then a taken port ends it before anything has begun, and
// webhooks that come while Redis loads its data wait instead of being refused.
func (a *app) serve(ctx context.Context, o serveOptions) error {
	p, err := a.begin()
	if err != nil {
		return err
	}
	ln, err := p.listenForWebhooks(ctx)
	if err != nil {
		return err
	}
	defer ln.Close() //nolint:errcheck // the program has closed it, unless it never came so far
	serve := func(redisURL string) error { return p.run(ctx, redisURL, serving(ln, o.worker)) }
	if o.worker {
		return quietly(p.log, func() error { return p.serveOn(ctx, o, serve) })
	}
	return p.serveOn(ctx, o, serve)
}

func serving(ln net.Listener, worker bool) duty {
	at := ln.Addr() // also after it was closed
	if worker {
		return duty{
			work: func(ctx context.Context, opened *program.Program) error { return opened.Both(ctx, ln) },
			pulse: func(opened *program.Program) program.Pulse {
				return program.Pulses(opened.Serving(at), opened.Working())
			},
			status: "taking webhooks on " + at.String() + ", and working",
		}
	}
	return duty{
		work:   func(ctx context.Context, opened *program.Program) error { return opened.Serve(ctx, ln) },
		pulse:  func(opened *program.Program) program.Pulse { return opened.Serving(at) },
		status: "taking webhooks on " + at.String(),
	}
}

// serveOn chooses the Redis.
func (p *process) serveOn(ctx context.Context, o serveOptions, serve func(redisURL string) error) error {
	if o.embeddedRedis {
		return p.embedded(ctx, serve)
	}
	return serve("")
}
