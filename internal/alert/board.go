package alert

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// swapsAtMost is how often a change is tried against those of other processes.
const swapsAtMost = 10

var errContended = errors.New("other processes change it all the time")

// board is what was read of the store, and what this process changed since.
type board map[string]string

func (a *Alerts) read(ctx context.Context) (board, error) {
	ctx, cancel := context.WithTimeout(ctx, redisWithin)
	defer cancel()
	return a.Board.Alerts(ctx)
}

// swap changes one record, if it still is what the board has.
func (a *Alerts) swap(ctx context.Context, b board, name, becomes string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, redisWithin)
	defer cancel()
	ok, err := a.Board.SwapAlert(ctx, name, b[name], becomes)
	if ok {
		b[name] = becomes
	}
	return ok, err
}

// change makes a change that has to be made, whatever others changed meanwhile.
func (a *Alerts) change(ctx context.Context, b board, name string, how func(record) record) error {
	for range swapsAtMost {
		ok, err := a.swap(ctx, b, name, how(decode(b[name])).encode())
		if ok || err != nil {
			return err
		}
		newer, err := a.read(ctx)
		if err != nil {
			return err
		}
		clear(b)
		maps.Copy(b, newer)
	}
	return errContended
}

// report puts on the board what happened in this process.
func (a *Alerts) report(ctx context.Context, b board) error {
	a.mu.Lock()
	news := maps.Clone(a.news)
	clear(a.news)
	a.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(news)) {
		n := news[name]
		err := a.change(ctx, b, name, func(r record) record { return r.happened(n.Count, n.Since, n.Detail) })
		if err != nil {
			a.putBack(news)
			return err
		}
		delete(news, name)
	}
	return nil
}

// putBack keeps what the board did not take, beside what happened since.
func (a *Alerts) putBack(news map[string]record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, n := range news {
		if newer, ok := a.news[name]; ok {
			n = n.happened(newer.Count, newer.Since, newer.Detail)
		}
		a.news[name] = n
	}
}

// look notes on the board what began and ended to last. What another process
// noted meanwhile is left to the next look: it may have seen more.
func (a *Alerts) look(ctx context.Context, b board, s Settings) error {
	looking, cancel := context.WithTimeout(ctx, redisWithin)
	defer cancel()
	seen, err := a.Lookout.Look(looking, s.Sites, s.SilenceAfter)
	if err != nil {
		return err
	}
	for _, c := range seen {
		name := c.Kind.name(c.Site)
		before := decode(b[name])
		if c.Lasts == before.Lasts {
			continue
		}
		after := before.ended(a.Now())
		if c.Lasts {
			after = before.began(c.since(a.Now()), c.Detail)
		}
		if _, err := a.swap(ctx, b, name, after.encode()); err != nil {
			return err
		}
	}
	return nil
}
