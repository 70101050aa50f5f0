package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/ghostcm/ghostcm/internal/config"
)

// place is where to listen, and the names of what people change to move it.
type place struct{ address, host, port string }

func webhookPlace(s config.Server) place {
	return place{address: s.Addr(), host: "HOST (--host)", port: "PORT (--port)"}
}

// listenForWebhooks takes the socket that systemd holds for the process, if there
// is one: connections wait in it while the process restarts. Else it opens the
// configured place.
func (p *process) listenForWebhooks(ctx context.Context) (net.Listener, error) {
	passed := activation.Files(true)
	if len(passed) == 0 {
		return listen(ctx, webhookPlace(p.cfg.Server))
	}
	ln, err := inherit(passed)
	if err == nil {
		p.log.Info("server.socket_inherited", "address", ln.Addr().String())
	}
	return ln, err
}

// inherit closes the files.
func inherit(passed []*os.File) (net.Listener, error) {
	defer func() {
		for _, file := range passed {
			_ = file.Close() // the listener has a descriptor of its own
		}
	}()
	if len(passed) > 1 {
		return nil, fmt.Errorf("systemd has passed %d sockets; give ghostcm one: a single ListenStream= in the .socket unit", len(passed))
	}
	ln, err := net.FileListener(passed[0])
	if err != nil {
		return nil, errors.New("systemd has passed a socket that takes no connections; use ListenStream= in the .socket unit")
	}
	return ln, nil
}

// listen opens a place. Its errors are one line that names the setting to change.
func listen(ctx context.Context, p place) (net.Listener, error) {
	var listening net.ListenConfig
	ln, err := listening.Listen(ctx, "tcp", p.address)
	var unknown *net.DNSError
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program listens on %s already; stop it, or choose another %s", p.address, p.port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; choose a %s from 1024 on", p.address, p.port)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &unknown):
		host, _, _ := net.SplitHostPort(p.address) // its form has been checked
		return nil, fmt.Errorf("%s is no address of this machine; change %s", host, p.host)
	}
	return nil, fmt.Errorf("listen on %s, as %s says: %w", p.address, p.host, err)
}
