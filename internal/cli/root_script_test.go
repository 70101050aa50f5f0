package cli_test

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ghostcm/ghostcm/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ghostcm": func() { os.Exit(ghostcm()) }})
}

// ghostcm is the program as cmd/ghostcm starts it.
func ghostcm() int {
	dir, err := os.Getwd()
	if err != nil {
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Main(ctx, cli.Options{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Environ: os.Environ(), Dir: dir, Now: time.Now, Version: "v1.2.3", ProviderURLs: providerURLs(),
	})
}

// providerURLs leads what asks payment providers to the simulators of a script.
func providerURLs() map[string]string {
	urls := map[string]string{}
	for pair := range strings.FieldsSeq(os.Getenv("GHOSTCM_TEST_PROVIDERS")) {
		name, url, _ := strings.Cut(pair, "=")
		urls[name] = url
	}
	return urls
}

// The scripts in testdata/script read like a manual: what is typed, what comes.
// "exits N" states the exit code of a command; script_world_test.go has what else
// scripts can do. [redis] is whether a redis-server is installed.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Values[worldKey{}] = &world{}
			return nil
		},
		Condition: hasRedis,
		Cmds:      scriptCommands(t),
	})
}
