package load

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
)

// Email is the address of member i of a run.
func Email(run string, i int) string { return fmt.Sprintf("member-%s-%07d@bench.example.org", run, i) }

// The parts of a body that are the same for every member, as Ghost 6 writes them.
const (
	geolocation = `"{\"longitude\":\"4.8975\",\"city\":\"Amsterdam\",\"timezone\":\"Europe/Amsterdam\",\"country_code\":\"NL\",` +
		`\"country\":\"Netherlands\",\"region\":\"North Holland\",\"latitude\":\"52.3759\"}"`
	labels = `[{"id":"65c0ffee000000000000a001","name":"VIP","slug":"vip","created_at":"2025-02-01T09:58:11.000Z",` +
		`"updated_at":"2025-02-01T09:58:11.000Z"},{"id":"65c0ffee000000000000a002","name":"Early reader","slug":"early-reader",` +
		`"created_at":"2025-02-01T09:58:11.000Z","updated_at":"2025-02-01T09:58:11.000Z"}]`
	counts = `"subscriptions":[],"avatar_image":null,"comped":false,"email_count":12,"email_opened_count":7,"email_open_rate":58,` +
		`"status":"free","last_seen_at":"2026-01-02T14:22:00.000Z","enable_comment_notifications":true,` +
		`"enable_updates_and_announcements":null,"can_comment":true,` +
		`"commenting":{"disabled":false,"disabled_reason":null,"disabled_until":null},"tiers":[],"current_subscription":null,` +
		`"newsletters":[{"id":"645453f3d254799990dd0e18","name":"The Weekly","description":"Every Friday","status":"active"}]`
)

// Added is the body of the member.added webhook of member i of a run, about
// 1.4 kB: a member with two labels and a newsletter.
func Added(run string, i int) []byte {
	return fmt.Appendf(nil, `{"event":"member.added","member":{"current":%s,"previous":{}}}`, member(run, i, 0))
}

// Edited is the body of the member.edited webhook of member i of a run, after
// its name changed for the n-th time.
func Edited(run string, i, n int) []byte {
	const form = `{"event":"member.edited","member":{"current":%s,"previous":{"name":"Before","updated_at":"2025-12-31T23:59:59.000Z"}}}`
	return fmt.Appendf(nil, form, member(run, i, n))
}

func member(run string, i, n int) string {
	return fmt.Sprintf(`{"id":"%s","uuid":"%08x-0000-4000-a000-%012x","email":"%s","name":"Mémber Nº %d %d O’Benchmark","note":null,`+
		`"geolocation":%s,"subscribed":true,"created_at":"2025-02-01T09:58:11.000Z","updated_at":"2026-01-02T10:%02d:%02d.000Z",`+
		`"labels":%s,%s}`,
		memberID(run, i), i, i, Email(run, i), i, n, geolocation, n/60%60, n%60, labels, counts)
}

// memberID is 24 hexadecimal digits, other ones for each run.
func memberID(run string, i int) string {
	sum := sha256.Sum256([]byte(run))
	return hex.EncodeToString(sum[:8]) + fmt.Sprintf("%08x", i)
}

// signer signs bodies as Ghost does. It is not safe for concurrent use.
type signer struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

func newSigner(secret string) *signer { return &signer{mac: hmac.New(sha256.New, []byte(secret))} }

// append adds the value of X-Ghost-Signature for a body sent at a time in
// milliseconds to dst.
func (s *signer) append(dst, body []byte, at int64) []byte {
	var digits [20]byte
	t := strconv.AppendInt(digits[:0], at, 10)
	s.mac.Reset()
	s.mac.Write(body)
	s.mac.Write(t)
	dst = append(dst, "sha256="...)
	dst = hex.AppendEncode(dst, s.mac.Sum(s.sum[:0]))
	dst = append(dst, ", t="...)
	return append(dst, t...)
}
