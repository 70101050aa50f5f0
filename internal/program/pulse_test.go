package program_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/program"
)

func felt(t *testing.T, pulse program.Pulse, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return pulse(ctx)
}

func TestServingHasAPulseWhileLivezIsAnswered(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	addr, err := net.ResolveTCPAddr("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := felt(t, r.Serving(addr), 10*time.Second); err != nil {
		t.Error(err)
	}
	everywhere := &net.TCPAddr{IP: net.IPv4zero, Port: addr.Port}
	if err := felt(t, r.Serving(everywhere), 10*time.Second); err != nil {
		t.Errorf("asked where it listens everywhere: %v", err)
	}
	wedged, err := net.Listen("tcp", "127.0.0.1:0") // connections come in, and nobody takes them
	if err != nil {
		t.Fatal(err)
	}
	defer wedged.Close()
	if err := felt(t, r.Serving(wedged.Addr()), 100*time.Millisecond); err == nil || !strings.Contains(err.Error(), "/livez is not answered") {
		t.Errorf("a server that answers nothing has a pulse: %v", err)
	}
}

func TestWorkingHasAPulseWhileWorkersComeRound(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	pulse := r.Working()
	for range 3 {
		r.eventually("a pulse", 10*time.Second, func() string {
			if err := felt(t, pulse, time.Second); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	r.stop()
	_ = felt(t, pulse, time.Second) // what came round before the end
	if err := felt(t, pulse, time.Second); err == nil {
		t.Error("workers that have ended have a pulse")
	}
	if err := felt(t, program.Pulses(func(context.Context) error { return nil }, pulse), time.Second); err == nil {
		t.Error("one of two pulses is missing, and nobody noticed")
	}
}
