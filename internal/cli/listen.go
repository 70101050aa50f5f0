package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/ghostcm/ghostcm/internal/config"
)

// listen opens the address of HOST and PORT. Its errors are one line that names
// the setting to change.
func listen(ctx context.Context, s config.Server) (net.Listener, error) {
	var listening net.ListenConfig
	ln, err := listening.Listen(ctx, "tcp", s.Addr())
	var unknown *net.DNSError
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program listens on %s already; stop it, or choose another PORT (--port)", s.Addr())
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; choose a PORT (--port) from 1024 on", s.Addr())
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &unknown):
		return nil, fmt.Errorf("%s is no address of this machine; change HOST (--host)", s.Host)
	}
	return nil, fmt.Errorf("listen on %s, as HOST and PORT say: %w", s.Addr(), err)
}
