package ghost

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader is the header in which Ghost signs a webhook:
// "sha256=<64 hex digits>, t=<milliseconds since 1970>".
const SignatureHeader = "X-Ghost-Signature"

// What Verify may find wrong with a signature.
var (
	ErrSignatureMissing   = errors.New("webhook has no signature")
	ErrSignatureMalformed = errors.New("webhook signature is malformed")
	ErrSignatureMismatch  = errors.New("webhook signature does not match")
	ErrSignatureExpired   = errors.New("webhook was signed too long ago or too far ahead")
)

// Verification is what Verify compares a signature with.
type Verification struct {
	Secrets   [][]byte      // any one may have signed; an empty secret never matches
	Now       time.Time     // the receiver's clock
	Tolerance time.Duration // how far the send time may be from Now, both ways
	// Legacy also accepts a signature of the body alone, as Ghost 5.87.0 and
	// older made it. The send time is then not signed.
	Legacy bool
}

// Verify checks the signature of a webhook body and returns when Ghost sent it.
//
// It returns ErrSignatureMissing, ErrSignatureMalformed, ErrSignatureMismatch
// or ErrSignatureExpired. A mismatch is decided before expiry, because the time
// in a header that nobody signed tells nothing. Comparing takes the same time
// whichever secret matches. With ErrSignatureExpired the send time is returned
// too: it is genuine, and shows how far the clocks are apart.
func Verify(header string, body []byte, v Verification) (sentAt time.Time, err error) {
	sig, err := parseSignature(header)
	if err != nil {
		return time.Time{}, err
	}
	if !sig.matchesAny(body, v) {
		return time.Time{}, ErrSignatureMismatch
	}
	if sig.sentAt.Sub(v.Now).Abs() > v.Tolerance {
		return sig.sentAt, ErrSignatureExpired
	}
	return sig.sentAt, nil
}

// Sign makes the header that Ghost 5.87.1 and newer send with body at a time:
// HMAC-SHA256 over the body followed by the milliseconds as decimal text. The
// simulated Ghost and the tests of receivers sign with it.
func Sign(body, secret []byte, at time.Time) string {
	t := strconv.FormatInt(at.UnixMilli(), 10)
	return formatSignature(mac(secret, body, t), t)
}

// SignLegacy makes the header that Ghost 5.87.0 and older send: the time is
// told, but not signed. For the same users as Sign.
func SignLegacy(body, secret []byte, at time.Time) string {
	return formatSignature(mac(secret, body, ""), strconv.FormatInt(at.UnixMilli(), 10))
}

func formatSignature(sum []byte, t string) string {
	return "sha256=" + hex.EncodeToString(sum) + ", t=" + t
}

// mac sums the body and the text of the time, which Ghost appends without a
// separator. Digits moved between the two leave a body that is no JSON.
func mac(secret, body []byte, t string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(body)
	h.Write([]byte(t))
	return h.Sum(nil)
}

type signature struct {
	sum    []byte
	t      string // as sent, since exactly this text was signed
	sentAt time.Time
}

// matchesAny goes through all secrets even after a match, so that the time it
// takes does not tell which one signed.
func (s signature) matchesAny(body []byte, v Verification) bool {
	matched := false
	for _, secret := range v.Secrets {
		if len(secret) == 0 {
			continue
		}
		if hmac.Equal(s.sum, mac(secret, body, s.t)) {
			matched = true
		}
		if v.Legacy && hmac.Equal(s.sum, mac(secret, body, "")) {
			matched = true
		}
	}
	return matched
}

func parseSignature(header string) (signature, error) {
	if strings.TrimSpace(header) == "" {
		return signature{}, ErrSignatureMissing
	}
	var sig signature
	for part := range strings.SplitSeq(header, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if err := sig.set(key, value); err != nil {
			return signature{}, err
		}
	}
	if sig.sum == nil || sig.t == "" {
		return signature{}, fmt.Errorf("%w: a part is missing", ErrSignatureMalformed)
	}
	return sig, nil
}

// set takes one part of the header. An unknown part is left alone, so that a
// future Ghost may add one; a part that comes twice is refused.
func (s *signature) set(key, value string) error {
	switch key {
	case "sha256":
		sum, err := hex.DecodeString(value)
		if err != nil || len(sum) != sha256.Size || s.sum != nil {
			return fmt.Errorf("%w: sha256 is not one sum", ErrSignatureMalformed)
		}
		s.sum = sum
	case "t":
		at, ok := parseSendTime(value)
		if !ok || s.t != "" {
			return fmt.Errorf("%w: t is not one time", ErrSignatureMalformed)
		}
		s.t, s.sentAt = value, at
	}
	return nil
}

// firstMilliseconds parts the two units: a smaller number is seconds (until the
// year 5138), any other is milliseconds (since March 1973).
const firstMilliseconds = 1e11

// parseSendTime reads a time in decimal milliseconds, as Ghost sends it, or
// seconds. More than 15 digits are no time that could ever be fresh.
func parseSendTime(digits string) (time.Time, bool) {
	if digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if n < firstMilliseconds {
		return time.Unix(n, 0).UTC(), true
	}
	return time.UnixMilli(n).UTC(), true
}
