package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

const watchEvery = 2 * time.Second

// clearScreen moves the cursor home and clears what is below it.
const clearScreen = "\x1b[H\x1b[J"

// watchStatus shows the status again and again until ctx ends, which is what a
// person who presses Ctrl-C wants, and so no failure. A Redis that goes away
// meanwhile is told and waited for; one that never answered is a failure.
func (a *app) watchStatus(ctx context.Context, o statusOptions, read func(context.Context) (statusView, error)) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for first := true; ; first = false {
		view, err := read(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && first:
			return err
		case err != nil:
			a.notef("ghostcm: %s", err)
		case o.asJSON:
			err = json.NewEncoder(a.stdout).Encode(view)
		default:
			err = a.redraw(view, o.workers)
		}
		if err != nil && view.Sites != nil {
			return err // nobody reads any more
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (a *app) redraw(v statusView, workers bool) error {
	if _, err := fmt.Fprint(a.stdout, clearScreen); err != nil {
		return err
	}
	if err := a.statusTables(v, workers); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "\n%s, every %s; Ctrl-C ends.\n", a.now().Format(time.TimeOnly), watchEvery)
	return err
}
