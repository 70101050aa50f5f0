package store

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// secure sets up TLS. TLS files with a URL that is not TLS are an error: the
// operator believes in an encryption that would not be there.
func (a *address) secure(opts Options) error {
	if !a.tls {
		if opts.TLSCA != "" || opts.TLSCert != "" || opts.TLSKey != "" {
			return fmt.Errorf("%w: REDIS_TLS_… files are set, but it is not TLS; "+
				"use rediss:// or rediss-sentinel://, or unset them", ErrURL)
		}
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.single != nil {
		config = a.single.TLSConfig
	}
	if err := addAuthority(config, opts.TLSCA); err != nil {
		return err
	}
	if err := addCertificate(config, opts.TLSCert, opts.TLSKey); err != nil {
		return err
	}
	if a.single != nil {
		a.single.TLSConfig = config
	} else {
		a.sentinel.TLSConfig = config
	}
	return nil
}

func addAuthority(config *tls.Config, file string) error {
	if file == "" {
		return nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read REDIS_TLS_CA: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("read REDIS_TLS_CA: %s holds no PEM certificate", file)
	}
	return nil
}

func addCertificate(config *tls.Config, certFile, keyFile string) error {
	if certFile == "" && keyFile == "" {
		return nil
	}
	if certFile == "" || keyFile == "" {
		return errors.New("REDIS_TLS_CERT and REDIS_TLS_KEY belong together: set both or neither")
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return fmt.Errorf("read REDIS_TLS_CERT and REDIS_TLS_KEY: %w", err)
	}
	config.Certificates = []tls.Certificate{cert}
	return nil
}
