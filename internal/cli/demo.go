package cli

import (
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/demo"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/store"
)

func newDemoCommand(a *app) *cobra.Command {
	var o demo.Options
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch ghostcm at work; needs nothing installed, no account and no network",
		Long: "Watch ghostcm at work: two simulated Ghosts with 500 invented members, a simulated Campaign\n" +
			"Monitor, an in-memory Redis, and the real serve and worker, all in this process and on this\n" +
			"machine's loopback only. It reads no configuration and leaves nothing behind.\n\n" +
			"It brings the members to the lists, then plays a stream of events, with failures now and\n" +
			"then, until Ctrl-C. With --once it plays a fixed story, compares both sides field by field\n" +
			"and ends: 0 if they agree, 1 if not, naming the differences.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b := a.version()
			o.Out, o.Terminal, o.Color = a.stdout, a.terminal, a.color()
			o.Build = program.Build{Version: b.Version, Commit: b.Commit, Go: b.Go}
			log, err := a.demoLog()
			if err != nil {
				return err
			}
			o.Log = log
			store.RedirectLog(slog.New(log))
			return quietly(slog.New(log), func() error { return demo.Run(c.Context(), o) })
		},
	}
	c.Flags().BoolVar(&o.Once, "once", false, "play a fixed story of some seconds, compare both sides, and end")
	c.Flags().IntVar(&o.Port, "port", 0, "take webhooks on this `port` (default 3000, or any free one)")
	return c
}

// demoLog is where the program's log goes: nowhere, unless a level is asked for
// on the command line.
func (a *app) demoLog() (slog.Handler, error) {
	text := a.settings["LOG_LEVEL"].Value.String()
	if text == "" {
		return slog.DiscardHandler, nil
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return nil, usageError("--log-level is \"" + printable(text) + "\"; give debug, info, warn or error")
	}
	return slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}), nil
}

// color is whether stdout shows colours, and nobody asked for none
// (https://no-color.org).
func (a *app) color() bool {
	for _, entry := range a.environ {
		key, value, _ := strings.Cut(entry, "=")
		if key == "NO_COLOR" && value != "" || key == "TERM" && value == "dumb" {
			return false
		}
	}
	return a.terminal
}
