package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
)

// errNobodyToAsk is a question that nobody sees, or nobody can answer.
var errNobodyToAsk = errors.New("there is no terminal to ask on")

// confirm asks a person on the terminal; everything but yes is a no. It returns
// errNobodyToAsk where there is no terminal to ask and answer on, and ctx's error
// if that ends first.
func (a *app) confirm(ctx context.Context, question string) (bool, error) {
	if !a.answersOnTerminal || !a.logsToTerminal {
		return false, errNobodyToAsk
	}
	_, _ = fmt.Fprintf(a.stderr, "%s [y/N] ", printable(question))
	answered := make(chan string, 1)
	go func() { // nothing ends the reading of a terminal but the process
		line, _ := bufio.NewReader(a.stdin).ReadString('\n') // an end of file is a no
		answered <- line
	}()
	select {
	case <-ctx.Done():
		a.notef("")
		return false, ctx.Err()
	case line := <-answered:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true, nil
		}
		return false, nil
	}
}

// mayReveal refuses --reveal where addresses would leave the terminal.
func (a *app) mayReveal(reveal bool) error {
	if reveal && !a.terminal {
		return usageError("--reveal shows addresses on a terminal only; without it they are shown by their hash")
	}
	return nil
}
