package doctor

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/ghostcm/ghostcm/internal/egress"
)

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// span is a duration for people.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	}
	return d.Truncate(time.Second).String()
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// unreached says why there is no answer, in fixed words: errors of net/http and
// crypto/x509 quote what the other side sent.
func unreached(err error) string {
	var refused *egress.ForbiddenError
	var form *egress.URLError
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, errOver):
		return err.Error()
	case errors.As(err, &refused):
		return "it leads to " + refused.Host + ", which is " + refused.Why
	case errors.As(err, &form):
		return form.Error()
	case errors.As(err, &certificate):
		return "its certificate cannot be verified: it is for another name, has expired, or nobody knows who signed it"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "its name does not exist"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &dns):
		return "its name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	}
	return "no answer"
}
