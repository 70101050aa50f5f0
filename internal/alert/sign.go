package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"
)

// SignatureHeader carries the signature of a message, where a secret is set.
const SignatureHeader = "X-Ghostcm-Signature"

// sign is the header's value: when the message was sent, in seconds, and the
// HMAC-SHA256 of that time, a dot and the body, in hexadecimal.
func sign(secret, body []byte, at time.Time) string {
	seconds := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return fmt.Sprintf("t=%s, sha256=%x", seconds, mac.Sum(nil))
}
