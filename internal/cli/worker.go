package cli

import (
	"context"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/program"
)

func newWorkerCommand(a *app) *cobra.Command {
	var metricsAddress string
	c := &cobra.Command{
		Use:   "worker",
		Short: "Do the work that webhooks ask for",
		Long: "Take jobs from the queue in Redis and bring Campaign Monitor up to date.\n\n" +
			"Any number of workers, on any number of machines, share one queue. A worker waits for a Redis\n" +
			"that is away. On SIGTERM or Ctrl-C it ends what it is doing and starts nothing more; what a\n" +
			"killed worker left is done by the others. On SIGHUP it reads .env, --config and the files of\n" +
			"secrets again, and does its next jobs by what is there, if that is right. Logs go to stderr.\n\n" +
			"While REDIS_URL is not set, it works for the serve --embedded-redis of the same STATE_DIR, if\n" +
			"one runs when it starts.\n\n" +
			"It listens on no address unless --metrics-address names one. There it answers /metrics, for\n" +
			"those who send METRICS_TOKEN if that is set, and /livez, /readyz and /health, but no webhook.",
		Example: "  ghostcm worker --metrics-address 127.0.0.1:9090",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.worker(c.Context(), metricsAddress) },
	}
	c.Flags().StringVar(&metricsAddress, "metrics-address", "", "answer /metrics and /health on this `host:port` (default: nowhere)")
	return c
}

// worker listens first, so that a taken port ends it before anything has begun.
func (a *app) worker(ctx context.Context, metricsAddress string) error {
	if err := checkAddress(metricsAddress); err != nil {
		return err
	}
	p, err := a.begin()
	if err != nil {
		return err
	}
	work := func(ctx context.Context, opened *program.Program) error { return opened.Work(ctx) }
	if metricsAddress != "" {
		ln, err := listen(ctx, place{address: metricsAddress, host: "--metrics-address", port: "--metrics-address"})
		if err != nil {
			return err
		}
		defer ln.Close() //nolint:errcheck // the program has closed it, unless it never came so far
		p.warnOfOpenMetrics(ln.Addr())
		work = func(ctx context.Context, opened *program.Program) error { return opened.WorkSeen(ctx, ln) }
	}
	redisURL := a.livingEmbedded(ctx, p.cfg)
	if redisURL != "" {
		p.log.Info("redis.embedded", "url", redisURL)
	}
	d := duty{work: work, pulse: (*program.Program).Working, status: "working"}
	return quietly(p.log, func() error { return p.run(ctx, redisURL, d) })
}

// checkAddress checks the form of a host:port; "" is none.
func checkAddress(address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		return usageError("--metrics-address is \"" + printable(address) + "\"; give a host and a port, like 127.0.0.1:9090")
	}
	return nil
}

func (p *process) warnOfOpenMetrics(at net.Addr) {
	tcp, ok := at.(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() && !p.cfg.Server.MetricsToken.IsSet() {
		p.log.Warn("config.warning", "key", "METRICS_TOKEN", "text", "is unset: /metrics is open to everybody who reaches "+at.String())
	}
}
