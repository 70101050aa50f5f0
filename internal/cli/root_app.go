package cli

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/ghostcm/ghostcm/internal/config"
)

// app is what every command gets: the process's streams and environment, and
// the configuration when it asks for it.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	dir            string
	now            func() time.Time
	linkedVersion  string
	providerURLs   map[string]string

	// terminal is whether stdout is one, and so whether tables are drawn.
	terminal bool
	// logsToTerminal is whether stderr is one.
	logsToTerminal bool
	// answersOnTerminal is whether stdin is one, and so whether people can answer.
	answersOnTerminal bool

	configFile string
	settings   map[string]*pflag.Flag // flags that stand for a setting, by its name
	loaded     *config.Config
	started    bool // whether a command began, so that the command line was right
}

func newApp(o Options) *app {
	return &app{
		stdin: o.Stdin, stdout: o.Stdout, stderr: o.Stderr,
		environ: o.Environ, dir: o.Dir, now: o.Now, linkedVersion: o.Version, providerURLs: o.ProviderURLs,
		terminal: isTerminal(o.Stdout), logsToTerminal: isTerminal(o.Stderr), answersOnTerminal: isTerminal(o.Stdin),
		settings: map[string]*pflag.Flag{},
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// settingFlag adds a flag that beats the setting of this name everywhere else.
// Its usage names the value in `backquotes`. Several commands may share one.
func (a *app) settingFlag(flags *pflag.FlagSet, flag, setting, usage string) {
	flags.String(flag, "", usage+" ("+setting+")")
	known := flags.Lookup(flag)
	if earlier, shared := a.settings[setting]; shared {
		known.Value = earlier.Value
	}
	a.settings[setting] = known
}

func (a *app) configOptions() config.Options {
	o := config.Options{ConfigFile: a.configFile, Environ: a.environ, Dir: a.dir, Flags: map[string]string{}}
	for setting, flag := range a.settings {
		if flag.Value.String() != "" {
			o.Flags[setting] = flag.Value.String()
		}
	}
	return o
}

// config reads the configuration once. Its problems end the command with code 2.
func (a *app) config() (*config.Config, error) {
	if a.loaded == nil {
		cfg, err := config.Load(a.configOptions())
		if err != nil {
			return nil, err
		}
		a.loaded = cfg
	}
	return a.loaded, nil
}

// logger writes to stderr in a format of LOG_FORMAT; "auto" is text on a terminal, else JSON.
func (a *app) logger(format string, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" || (format == "auto" && a.logsToTerminal) {
		return slog.New(slog.NewTextHandler(a.stderr, options))
	}
	return slog.New(slog.NewJSONHandler(a.stderr, options))
}

// logWarnings tells at start what works but should be known.
func logWarnings(log *slog.Logger, cfg *config.Config) {
	for _, w := range cfg.Warnings {
		log.Warn("config.warning", "key", w.Key, "text", w.Text)
	}
}
