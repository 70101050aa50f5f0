package payment

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// TokenHeader is where a caller puts the token of a webhook's URL ("?token=…"), for
// providers that can send nothing else of ours along. No provider sends this header.
const TokenHeader = "Ghostcm-Url-Token" //nolint:gosec // the name of a header, no token

// DigestHeader is where a caller puts what TokenDigest made, of a delivery that is kept
// and verified again later. It must never be taken from a request: who reads what is
// kept could send it.
const DigestHeader = "Ghostcm-Token-Digest"

// TokenDigest stands for the token by which a delivery of a provider that signs nothing
// means to prove itself; "" where there is none. Verify takes it for the token, where a
// token that counted at no time can still be one that will.
func TokenDigest(provider string, header func(string) string, body []byte) string {
	token := ""
	switch provider {
	case Zapier:
		_, token, _ = bearer(header)
	case Gumroad:
		token = header(TokenHeader)
	case Kofi:
		if n, err := kofiData(body); err == nil {
			token = n.text("verification_token")
		}
	}
	if token == "" {
		return ""
	}
	return digestOf(token)
}

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// bearer reads an Authorization header.
func bearer(header func(string) string) (scheme, token string, ok bool) {
	scheme, token, _ = strings.Cut(strings.TrimSpace(header("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return scheme, "", false
	}
	return scheme, strings.TrimSpace(token), true
}

// verifyToken compares a token, or else its digest, with those that count at present,
// each in constant time. Only the length of a token can be learned from how long that
// takes.
func verifyToken(token string, p proof) error {
	digest := p.header(DigestHeader)
	if token == "" && digest == "" {
		return &Refused{Reason: ReasonMissing}
	}
	found := 0
	for _, t := range p.secrets {
		if token == "" {
			found |= subtle.ConstantTimeCompare([]byte(digestOf(t)), []byte(digest))
		} else {
			found |= subtle.ConstantTimeCompare([]byte(t), []byte(token))
		}
	}
	if found == 0 {
		return &Refused{Reason: ReasonMismatch}
	}
	return nil
}
