// Package cli is ghostcm as people type it: commands, flags, output, exit codes.
//
// It promises that results go to stdout and everything else to stderr, that a
// table is drawn on a terminal and plain lines are written into a pipe, and
// that every outcome has the exit code the manual says. It holds no business
// rule: commands connect the packages below and print what they answer.
package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// Options are what a process is given.
type Options struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string // as os.Environ returns it
	Dir            string   // working directory
	Now            func() time.Time
	Version        string // from the linker; "" asks the build information
	// ProviderURLs replace the addresses of payment providers, for tests.
	ProviderURLs map[string]string
}

// Main runs one command line and returns its exit code. It ends in good order
// when ctx does.
func Main(ctx context.Context, o Options) int {
	a := newApp(o)
	root := newRootCommand(a)
	root.SetArgs(o.Args)
	command, err := root.ExecuteContextC(ctx)
	return a.exit(command, err)
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "ghostcm",
		Short: "Keep Ghost members and Campaign Monitor subscribers in step",
		Long: "ghostcm takes Ghost's member webhooks, queues them in Redis and keeps the subscribers\n" +
			"of Campaign Monitor in step with the members of Ghost.\n\n" +
			"It is configured by environment variables, .env or a file; see .env.example.",
		Version:       a.version().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)

	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "", "read settings from this YAML or TOML `file`")
	a.settingFlag(flags, "log-level", "LOG_LEVEL", "lowest `level` that is logged: debug, info, warn or error")
	a.settingFlag(flags, "log-format", "LOG_FORMAT", "`format` of the log: auto, text or json")
	completesFiles(root, "config", "yaml", "yml", "toml")
	completes(root, "log-level", "debug", "info", "warn", "error")
	completes(root, "log-format", "auto", "text", "json")

	root.AddCommand(a.commands()...)
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	a.watch(root)
	return root
}

// completes makes Tab offer the values of a flag.
func completes(c *cobra.Command, flag string, values ...string) {
	// The only error is a flag that does not exist, which every start would show.
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// completesFiles makes Tab offer files with these extensions.
func completesFiles(c *cobra.Command, flag string, extensions ...string) {
	if err := c.MarkPersistentFlagFilename(flag, extensions...); err != nil {
		panic(err)
	}
}

// watch goes through all commands so that a wrong command line is told from a
// command that failed, and an unknown subcommand from a request for help.
func (a *app) watch(c *cobra.Command) {
	for _, sub := range c.Commands() {
		a.watch(sub)
	}
	if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	run := c.RunE
	switch {
	case run == nil && c.Run != nil:
		return // cobra's own help, which cannot fail
	case run == nil:
		run, c.Args = showHelp, onlySubcommands
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		a.started = true
		return run(c, args)
	}
}

func showHelp(c *cobra.Command, _ []string) error { return c.Help() }

func onlySubcommands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	text := "unknown command \"" + printable(args[0]) + "\" for \"" + c.CommandPath() + "\""
	for _, near := range c.SuggestionsFor(args[0]) {
		text += "; did you mean " + near + "?"
	}
	return usageError(text)
}
