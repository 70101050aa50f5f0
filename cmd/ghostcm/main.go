// Command ghostcm keeps the members of Ghost and the subscribers of Campaign
// Monitor in step. It only handles signals here; package cli does the rest.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ghostcm/ghostcm/internal/cli"
)

// version is set by the linker (-X main.version=v1.2.3).
var version string

func main() { os.Exit(run()) }

// run ends the work in good order on the first SIGINT or SIGTERM, and leaves
// the second one to the system, which ends the process.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ghostcm: find the working directory:", err)
		return 1
	}
	return cli.Main(ctx, cli.Options{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Environ: os.Environ(), Dir: dir, Now: time.Now, Version: version,
	})
}
