package payment

import "crypto/subtle"

// TokenHeader is where a caller puts the token of a webhook's URL ("?token=…"), for
// providers that can send nothing else of ours along. No provider sends this header.
const TokenHeader = "Ghostcm-Url-Token" //nolint:gosec // the name of a header, no token

// verifyToken compares a token with those that count at present, each in constant
// time. Only the length of a token can be learned from how long that takes.
func verifyToken(token string, counting []string) error {
	if token == "" {
		return &Refused{Reason: ReasonMissing}
	}
	found := 0
	for _, t := range counting {
		found |= subtle.ConstantTimeCompare([]byte(t), []byte(token))
	}
	if found == 0 {
		return &Refused{Reason: ReasonMismatch}
	}
	return nil
}
