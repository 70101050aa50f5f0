// Command testcount reads `go test -json` on stdin, prints what failed and why
// tests were skipped, and counts exactly. It exits with 1 unless something ran
// and nothing failed; with -strict a test that was skipped for any reason but
// "platform: …" fails the run too, so that nothing passes by not being run.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	strict := flag.Bool("strict", false, "fail on skips that the platform does not excuse")
	flag.Parse()
	t, err := count(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for test, why := range t.reasons {
		fmt.Printf("not run: %s: %s\n", test, why)
	}
	fmt.Printf("tests: %d passed, %d failed, %d skipped, in %d packages\n", t.passed, t.failed, t.skipped, t.packages)
	if len(t.broken) > 0 {
		fmt.Printf("failing packages: %d\n", len(t.broken))
	}
	if !t.ok(*strict) {
		os.Exit(1)
	}
}
