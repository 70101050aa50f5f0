package cli

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestTabWaitsForNothingLongerThanItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		began := time.Now()
		got := inTime(t.Context(), func(context.Context) []string { <-release; return []string{"late"} })
		if took := time.Since(began); got != nil || took != tabWithin+tabGrace {
			t.Errorf("deaf: %v after %v", got, took)
		}
		began = time.Now()
		got = inTime(t.Context(), func(ctx context.Context) []string { <-ctx.Done(); return []string{"some"} })
		if took := time.Since(began); took != tabWithin || cmp.Diff([]string{"some"}, got) != "" {
			t.Errorf("what was found until then: %v after %v", got, took)
		}
	})
	if tabWithin+tabGrace > 200*time.Millisecond {
		t.Error("with the start of a process, that is more than the 300 ms that Tab may take")
	}
}

// A Redis that takes connections and never says a word is the slowest there is.
func TestTabOffersNoIDsWhereRedisIsSilent(t *testing.T) {
	t.Parallel()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	quickest := time.Hour
	for range 5 { // the machine may be busy
		a, _, _ := testApp("CM_API_KEY=x", "SITE1_NAME=blog", "SITE1_GHOST_WEBHOOK_SECRET=hunter2hunter2hu", "STATE_DIR="+t.TempDir(),
			"SITE1_CM_LIST_ID=0123456789abcdef0123456789abcdef", "REDIS_URL=redis://"+ln.Addr().String())
		a.dir, a.now = t.TempDir(), time.Now
		c := &cobra.Command{}
		c.SetContext(t.Context())
		began := time.Now()
		ids, directive := a.completeLetters(c, nil, "")
		quickest = min(quickest, time.Since(began))
		if len(ids) > 0 || directive != cobra.ShellCompDirectiveNoFileComp {
			t.Fatalf("offers %v, %v", ids, directive)
		}
	}
	if quickest > 250*time.Millisecond {
		t.Errorf("Tab took %v", quickest)
	}
}

func TestTabOffersNoIDsWhereTheConfigurationIsWrong(t *testing.T) {
	t.Parallel()
	a, stdout, stderr := testApp("HOME=" + t.TempDir())
	a.dir, a.now = t.TempDir(), time.Now
	if ids := a.letterIDs(t.Context(), ""); ids != nil || stdout.Len()+stderr.Len() > 0 {
		t.Errorf("offers %v, says %s%s", ids, stdout, stderr)
	}
}

func TestTabOffersSomeOfManyLetters(t *testing.T) {
	t.Parallel()
	a, _, _ := letterApp(t, 2000)
	ids := a.letterIDs(t.Context(), "id001")
	if len(ids) != tabOffers || !strings.HasPrefix(ids[0], "id001000\tblog ") {
		t.Errorf("offers %d, first %q", len(ids), ids[0])
	}
	if one := a.letterIDs(t.Context(), "id001999"); len(one) != 1 {
		t.Errorf("offers %v for a whole id", one)
	}
}
