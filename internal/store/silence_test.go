package store_test

import (
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// hear has an event of the site come now, and lets the schedule see it.
func (b *bundle) hear() {
	b.t.Helper()
	b.mu.Lock()
	at := b.now
	b.mu.Unlock()
	if err := b.Hear(b.t.Context(), map[string]store.Heard{site: {At: at}}); err != nil {
		b.t.Fatal(err)
	}
	if b.fellSilent() {
		b.t.Error("silent at an event")
	}
}

func (b *bundle) fellSilent() bool {
	b.t.Helper()
	_, silent, err := b.FellSilent(b.t.Context(), site, 24*time.Hour)
	if err != nil {
		b.t.Fatal(err)
	}
	return silent
}

func TestASiteThatUsuallyHasEventsAndHasNoneIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 5 {
		b.hear()
		b.pass(24*time.Hour - time.Minute)
	}
	if b.fellSilent() {
		t.Error("silent before its time")
	}
	b.pass(time.Hour)
	if !b.fellSilent() {
		t.Error("the silence is not told")
	}
	b.pass(10 * 24 * time.Hour)
	if b.fellSilent() {
		t.Error("the same silence is told twice")
	}
}

func TestANewSilenceIsToldAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 {
		for range 4 {
			b.hear()
			b.pass(20 * time.Hour)
		}
		b.pass(20 * time.Hour)
		if !b.fellSilent() {
			t.Error("a silence is not told")
		}
	}
}

// A quiet site's silence is no news.
func TestASiteThatRarelyHasEventsIsNotCalledSilent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if b.fellSilent() {
		t.Error("a site without any event is called silent")
	}
	for range 10 {
		b.hear()
		b.pass(3 * 24 * time.Hour)
		if b.fellSilent() {
			t.Fatal("a site with an event every three days is called silent")
		}
	}
}
