package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

func TestOpenTrustsAPrivateAuthorityAndShowsItsCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	url := "rediss://" + tlsFront(t, ca, redistest.New(t).Socket())
	cert, key := ca.issue(t)
	mine := store.Options{
		URL: url, TLSCA: writeFile(t, "ca.pem", ca.pem),
		TLSCert: writeFile(t, "cert.pem", cert), TLSKey: writeFile(t, "key.pem", key),
	}
	if err := open(t, mine).Ping(t.Context()).Err(); err != nil {
		t.Errorf("with authority and certificate: %v", err)
	}

	stranger := mine
	stranger.TLSCA = writeFile(t, "ca.pem", newAuthority(t).pem)
	if err := open(t, stranger).Ping(t.Context()).Err(); !errors.As(err, new(*tls.CertificateVerificationError)) {
		t.Errorf("with another authority: %v", err)
	}
	nobody := mine
	nobody.TLSCert, nobody.TLSKey = "", ""
	if err := open(t, nobody).Ping(t.Context()).Err(); err == nil {
		t.Error("without a certificate the server lets us in")
	}
}

func TestTLSFilesThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert, key := ca.issue(t)
	_, otherKey := ca.issue(t)
	caFile, certFile, keyFile := writeFile(t, "ca.pem", ca.pem), writeFile(t, "cert.pem", cert), writeFile(t, "key.pem", key)
	for name, c := range map[string]struct {
		opts store.Options
		want string
	}{
		"files without TLS":    {store.Options{URL: "redis://h", TLSCA: caFile}, "rediss://"},
		"sentinel without TLS": {store.Options{URL: "redis-sentinel://h/m", TLSCA: caFile}, "rediss-sentinel://"},
		"no authority there":   {store.Options{URL: "rediss://h", TLSCA: "/nonexistent"}, "REDIS_TLS_CA"},
		"no PEM in it":         {store.Options{URL: "rediss://h", TLSCA: writeFile(t, "x", []byte("x"))}, "REDIS_TLS_CA"},
		"half a pair":          {store.Options{URL: "rediss://h", TLSCert: certFile}, "REDIS_TLS_KEY"},
		"another's key":        {store.Options{URL: "rediss-sentinel://h/m", TLSCert: certFile, TLSKey: writeFile(t, "k", otherKey)}, "REDIS_TLS_KEY"},
	} {
		if _, err := store.Open(c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
	if _, err := store.Open(store.Options{URL: "rediss-sentinel://h/m", TLSCA: caFile, TLSCert: certFile, TLSKey: keyFile}); err != nil {
		t.Errorf("good files: %v", err)
	}
}

// authority signs certificates of this machine's loopback.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *authority) issue(t *testing.T) (certPEM, keyPEM []byte) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// tlsFront puts TLS, with client certificates required, before a Redis on a
// unix socket, as a hosted Redis has it. It returns its host:port.
func tlsFront(t *testing.T, ca *authority, socket string) string {
	t.Helper()
	certPEM, keyPEM := ca.issue(t)
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(ca.cert)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { join(conn, socket) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		conns.Wait()
	})
	return listener.Addr().String()
}

// join copies both ways until either side ends.
func join(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	var copies sync.WaitGroup
	copies.Go(func() {
		_, _ = io.Copy(server, client)
		server.Close()
	})
	_, _ = io.Copy(client, server)
	client.Close()
	copies.Wait()
}
