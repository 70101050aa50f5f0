package campaignmonitor_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	cm "github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/egress"
)

// failing makes a call whose request ends without an answer.
func failing(t *testing.T, err error) error {
	t.Helper()
	return stubbed(t, func(*http.Request) (*http.Response, error) { return nil, err }).Delete(t.Context(), "l", markedEmail)
}

func TestARequestWithoutAnAnswerSaysWhy(t *testing.T) {
	t.Parallel()
	refused := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	tests := []struct {
		cause error
		kind  cm.Kind
		want  string
	}{
		{&net.OpError{Op: "dial", Err: &egress.ForbiddenError{Host: "10.0.0.1", Why: "a private address", Allowable: true}}, cm.Config,
			"10.0.0.1 is a private address: if that is intended, set SITEN_GHOST_ALLOW_PRIVATE=true"},
		{refused(x509.UnknownAuthorityError{}), cm.Config, "its certificate is refused: this machine does not know the authority"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, cm.Transient, "the connection was refused"},
		{errors.New("marked"), cm.Transient, "the request did not get through"},
	}
	for _, test := range tests {
		err := failing(t, test.cause)
		if cm.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "marked") {
			t.Errorf("%v: got %q of kind %v, want %q of kind %v", test.cause, err, cm.KindOf(err), test.want, test.kind)
		}
	}
}

func TestACertificateOfAStrangerIsRefusedAsConfiguration(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	o := egress.Options{Timeout: 10 * time.Second}
	for name, h := range map[string]struct {
		policy egress.Policy
		want   string
	}{
		"a forbidden address":  {egress.Policy{}, "set SITEN_GHOST_ALLOW_PRIVATE=true"},
		"an unknown authority": {egress.Policy{AllowPrivate: true}, "does not know the authority"},
	} {
		client := egress.Client(h.policy, o)
		err := newClient(t, cm.Options{BaseURL: server.URL, HTTP: client}).Delete(t.Context(), "l", markedEmail)
		if cm.KindOf(err) != cm.Config || !strings.Contains(err.Error(), h.want) {
			t.Errorf("%s: %v", name, err)
		}
		client.CloseIdleConnections()
	}
}
