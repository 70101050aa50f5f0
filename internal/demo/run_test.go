package demo

import (
	"bytes"
	"context"
	"errors"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is what a person sees, while the demo still writes.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *screen) shows(pattern string) bool {
	return regexp.MustCompile(pattern).MatchString(s.String())
}

// The script test of the command plays the story to its good end.
func TestAStoryWithABrokenSideFailsAndNamesTheDifference(t *testing.T) {
	t.Parallel()
	var name string
	behindItsBack := func(s *stage) {
		p := s.publications[1]
		m := p.ghost.Members()[7]
		name = who(m)
		p.ghost.BulkLabel("Surprise", func(other ghosttest.Member) bool { return other.ID == m.ID })
	}
	out := &screen{}
	err := Run(t.Context(), Options{Once: true, Out: out, readers: 60, meanwhile: behindItsBack})
	if !errors.Is(err, ErrDiffer) || !strings.Contains(err.Error(), "ghost_labels") {
		t.Fatalf("ended with %v\n%s", err, out)
	}
	if !out.shows(`(?m)^weekly: ` + regexp.QuoteMeta(name) + ` \([0-9a-f]{12}\): ghost_labels is ".*" in Campaign Monitor, and should be ".*Surprise.*"$`) {
		t.Errorf("the difference is not named:\n%s", out)
	}
	if !out.shows(`(?m)^mainblog .* yes$`) || !out.shows(`(?m)^weekly .* no$`) || out.shows("both sides agree") {
		t.Errorf("the table is wrong:\n%s", out)
	}
	if out.shows(`(?i)@example\.`) {
		t.Errorf("an address is shown:\n%s", out)
	}
}

func TestTheStreamSurvivesHiccupsAndEndsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &screen{}
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Out: out, readers: 60, rhythm: rhythm{event: 300 * time.Millisecond, status: 200 * time.Millisecond,
			hiccup: 4 * time.Second, short: 1300 * time.Millisecond, longer: 1300 * time.Millisecond}})
	}()
	for _, sign := range []string{`synced 60 members of 2 sites`, ` → added to the list`, `Campaign Monitor is down`,
		`attempt 1 failed`, `Campaign Monitor is back`, `(?s)attempt 1 failed.*both sides agree`} {
		if err := until(t.Context(), time.Minute, func() bool { return out.shows(sign) }); err != nil {
			t.Fatalf("never showed %q\n%s", sign, out)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if !out.shows(`stopped: \d+ events, \d+ writes, \d+ coalesced, \d+ retries, 0 dead letters`) || out.shows(`the sides differ|\x1b`) {
		t.Errorf("the end is wrong:\n%s", out)
	}
}

func TestAStoryThatIsInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := Run(ctx, Options{Once: true, Out: &screen{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestAPortThatIsTakenIsLeftAloneUnlessItWasAskedFor(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	if err := Run(t.Context(), Options{Once: true, Out: &screen{}, Port: port}); err == nil || !strings.Contains(err.Error(), "start the demo") {
		t.Errorf("ended with %v", err)
	}
	for range 2 { // at least the second one does not get the usual port
		s, err := build(t.Context(), Options{Out: &screen{}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.close(); err != nil {
				t.Error(err)
			}
		}()
	}
}
