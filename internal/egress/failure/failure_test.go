package failure_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/egress/failure"
)

func TestEveryFailureHasFixedWords(t *testing.T) {
	t.Parallel()
	refused := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	own := errors.New("the answer is too large")
	tests := []struct {
		cause   error
		lasting bool
		want    string
	}{
		{&net.OpError{Op: "dial", Err: &egress.ForbiddenError{Host: "10.0.0.1", Why: "a private address", Allowable: true}}, true,
			"10.0.0.1 is a private address: if that is intended, set SITEN_GHOST_ALLOW_PRIVATE=true"},
		{&egress.URLError{Why: "http is refused"}, true, "http is refused"},
		{refused(x509.UnknownAuthorityError{}), true, "its certificate is refused: this machine does not know the authority"},
		{refused(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"marked.example"}}, Host: "marked.example"}), true,
			"its certificate is refused: it is for another name"},
		{refused(x509.CertificateInvalidError{Reason: x509.Expired}), true, "its certificate is refused: it has expired"},
		{refused(errors.New("marked")), true, "its certificate is refused: it cannot be verified"},
		{&net.DNSError{Err: "no such host", Name: "marked.example", IsNotFound: true}, false, "the host's name does not exist"},
		{&net.DNSError{Err: "server misbehaving", Name: "marked.example"}, false, "the host's name cannot be resolved"},
		{&net.DNSError{Err: "timeout", Name: "marked.example", IsTimeout: true}, false, "no answer in time"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, false, "the connection was refused"},
		{&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, false, "there is no way to the host"},
		{context.DeadlineExceeded, false, "no answer in time"},
		{http.ErrSchemeMismatch, false, "the other side speaks http, not https"},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), false, "the connection broke"},
		{errors.New("marked"), false, "the request did not get through"},
		{fmt.Errorf("marked: %w", own), false, "the answer is too large"},
		{fmt.Errorf("marked: %w", context.Canceled), false, "canceled"},
	}
	for _, test := range tests {
		got := failure.Reason(test.cause, own)
		if !strings.Contains(got, test.want) || strings.Contains(got, "marked") {
			t.Errorf("%v: got %q, want %q", test.cause, got, test.want)
		}
		if failure.Lasting(test.cause) != test.lasting {
			t.Errorf("%v: lasting %v, want %v", test.cause, !test.lasting, test.lasting)
		}
	}
}
