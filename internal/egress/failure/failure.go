// Package failure says, in fixed words that are safe to show, why a request got no
// answer. It is for the clients of Ghost, Campaign Monitor and the payment providers.
// It promises to repeat nothing of an error's own text: errors of net/http and
// crypto/x509 quote what the other side sent. It leaves to each client what its own
// errors say.
package failure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
)

// hinted is an error whose cause is the configuration and whose hint, what is
// wrong and what to set, is safe to show. The refusals of package egress are such.
type hinted interface{ Hint() string }

// Lasting says whether no retry can mend that there is no answer.
func Lasting(cause error) bool {
	var refusal hinted
	return errors.As(cause, &refusal) || certificate(cause) != ""
}

// Reason names why there is no answer. An error that is one of own, the sentinels of
// the client, is told in its words.
func Reason(cause error, own ...error) string {
	var refusal hinted
	if errors.As(cause, &refusal) {
		return refusal.Hint()
	}
	if why := certificate(cause); why != "" {
		return "its certificate is refused: " + why
	}
	for _, known := range own {
		if errors.Is(cause, known) {
			return known.Error()
		}
	}
	return broken(cause)
}

func broken(cause error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(cause, context.Canceled):
		return "canceled"
	case errors.As(cause, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(cause, &dns) && dns.IsNotFound:
		return "the host's name does not exist"
	case errors.As(cause, &dns):
		return "the host's name cannot be resolved"
	case errors.Is(cause, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(cause, syscall.ENETUNREACH), errors.Is(cause, syscall.EHOSTUNREACH):
		return "there is no way to the host"
	case errors.Is(cause, http.ErrSchemeMismatch):
		return "the other side speaks http, not https"
	case errors.Is(cause, syscall.ECONNRESET), errors.Is(cause, syscall.EPIPE),
		errors.Is(cause, io.EOF), errors.Is(cause, io.ErrUnexpectedEOF):
		return "the connection broke"
	}
	return "the request did not get through"
}

// certificate says why the other side's certificate cannot be verified, "" if
// that is not what went wrong.
func certificate(cause error) string {
	var (
		refused *tls.CertificateVerificationError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case !errors.As(cause, &refused):
		return ""
	case errors.As(refused, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or is not valid yet"
	case errors.As(refused, &name):
		return "it is for another name"
	case errors.As(refused, &unknown):
		return "this machine does not know the authority that signed it"
	}
	return "it cannot be verified"
}
