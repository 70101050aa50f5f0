package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Pair are the files of a certificate, which is its own authority and good for
// both ends on loopback, and of its key.
type Pair struct{ Cert, Key string }

// NewPair makes a pair that lives as long as the test, and an hour at most.
func NewPair(t testing.TB) Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return Pair{Cert: writePEM(t, dir, "CERTIFICATE", cert), Key: writePEM(t, dir, "PRIVATE KEY", private)}
}

func writePEM(t testing.TB, dir, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, kind+".pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TLS has the server listen on a port of loopback too, for clients that show the
// certificate of the pair, which is also the server's own.
func TLS(port string, p Pair) Option {
	return Args("--tls-port", port, "--bind", "127.0.0.1", "--tls-cert-file", p.Cert, "--tls-key-file", p.Key,
		"--tls-ca-cert-file", p.Cert, "--tls-auth-clients", "yes")
}
