package payment

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
	"time"
)

// FuzzVerifyPayPal wants that only what the holder of the certificate signed, for a
// webhook of ours, is genuine: no other header, body or webhook passes with it.
func FuzzVerifyPayPal(f *testing.F) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	cert := &x509.Certificate{PublicKey: &key.PublicKey, NotBefore: receipt.Add(-time.Hour), NotAfter: receipt.Add(time.Hour)}
	f.Add("69cd13f0", "2026-11-01T12:00:06Z", "AAAA", "SHA256withRSA", "8PT597110X687430LKGECATA", []byte(`{"id":"WH-1"}`), byte(1))
	f.Add("", "yesterday", "!", "none", "WEBHOOK_ID", []byte(nil), byte(0))
	f.Add("1|2", "2026-11-01T12:00:06Z", "", "sha256WITHrsa", "|", []byte("x"), byte('x'))
	f.Fuzz(func(t *testing.T, id, sent, sig, algo, webhook string, body []byte, more byte) {
		headers := map[string]string{
			"Paypal-Cert-Url": "https://api.paypal.com/v1/notifications/certs/CERT-1", "Paypal-Transmission-Id": id,
			"Paypal-Transmission-Time": sent, "Paypal-Transmission-Sig": sig, "Paypal-Auth-Algo": algo,
		}
		var refused *Refused
		if err := VerifyPayPal([]string{webhook}, headerOf(headers), body, cert, receipt); !errors.As(err, &refused) || refused.Reason == "" {
			t.Fatalf("%q is a signature: %v", sig, err)
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, sent, webhook, crc32.ChecksumIEEE(body)))
		signed, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		headers["Paypal-Transmission-Sig"] = base64.StdEncoding.EncodeToString(signed)
		err = VerifyPayPal([]string{"another", webhook}, headerOf(headers), body, cert, receipt)
		if wellFormed := CheckPayPalHeader(headerOf(headers)) == nil; wellFormed && webhook != "" && webhook != simulatorID && err != nil {
			t.Fatalf("its own is refused: %v", err)
		}
		other := append(slices.Clone(body), more)
		if err := VerifyPayPal([]string{webhook}, headerOf(headers), other, cert, receipt); !errors.As(err, &refused) {
			t.Fatalf("another body passes: %v", err)
		}
		if err := VerifyPayPal([]string{webhook + "x", ""}, headerOf(headers), body, cert, receipt); !errors.As(err, &refused) {
			t.Fatalf("it passes for another webhook: %v", err)
		}
	})
}
