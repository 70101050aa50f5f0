package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/ghostcm/ghostcm/internal/config"
)

// place is where to listen, and the names of what people change to move it.
type place struct{ address, host, port string }

func webhookPlace(s config.Server) place {
	return place{address: s.Addr(), host: "HOST (--host)", port: "PORT (--port)"}
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
