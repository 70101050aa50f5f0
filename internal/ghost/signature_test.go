package ghost_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

var sentAt = time.UnixMilli(1795306418200).UTC()

func verification(secrets ...string) ghost.Verification {
	v := ghost.Verification{Now: sentAt, Tolerance: 5 * time.Minute}
	for _, s := range secrets {
		v.Secrets = append(v.Secrets, []byte(s))
	}
	return v
}

func TestVerifyAcceptsWhatAnyOfTheSecretsSigned(t *testing.T) {
	t.Parallel()
	body := []byte(`{"event":"member.added"}`)
	for _, secret := range []string{"old", "new", "newest"} {
		got, err := ghost.Verify(ghost.Sign(body, []byte(secret), sentAt), body, verification("old", "new", "newest"))
		if err != nil || !got.Equal(sentAt) {
			t.Errorf("signed with %q: sent at %v, %v; want %v", secret, got, err, sentAt)
		}
	}
}

func TestVerifyReadsTheTimeInMillisecondsAndInSeconds(t *testing.T) {
	t.Parallel()
	// Made with: printf '{}1795306418' | openssl dgst -sha256 -hmac s
	const inSeconds = "sha256=56aa89192f58f092aeb327e699265d5744c24b9dbc1d33dbfbca9e091b177557, t=1795306418"
	got, err := ghost.Verify(inSeconds, []byte("{}"), verification("s"))
	if want := time.Unix(1795306418, 0); err != nil || !got.Equal(want) {
		t.Errorf("seconds: sent at %v, %v; want %v", got, err, want)
	}
	// Made with: printf '{}1795306418200' | openssl dgst -sha256 -hmac s
	const inMilliseconds = "sha256=287e265d2b6b2ed9202ae34e5f70ef05dc7dbf1477f68a27e4f01979ffa8d003, t=1795306418200"
	got, err = ghost.Verify(inMilliseconds, []byte("{}"), verification("s"))
	if err != nil || !got.Equal(sentAt) {
		t.Errorf("milliseconds: sent at %v, %v; want %v", got, err, sentAt)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	body, secret := []byte(`{"a":1}`), []byte("s")
	good := ghost.Sign(body, secret, sentAt)
	sum := strings.TrimPrefix(strings.Split(good, ",")[0], "sha256=")
	tests := map[string]struct {
		header string
		want   error
	}{
		"no header":             {"", ghost.ErrSignatureMissing},
		"a blank header":        {" \t", ghost.ErrSignatureMissing},
		"no time":               {"sha256=" + sum, ghost.ErrSignatureMalformed},
		"no sum":                {"t=1795306418200", ghost.ErrSignatureMalformed},
		"a short sum":           {"sha256=" + sum[2:] + ", t=1795306418200", ghost.ErrSignatureMalformed},
		"a sum that is no hex":  {"sha256=" + strings.Repeat("zz", 32) + ", t=1795306418200", ghost.ErrSignatureMalformed},
		"another algorithm":     {"sha1=" + sum + ", t=1795306418200", ghost.ErrSignatureMalformed},
		"two sums":              {good + ", sha256=" + sum, ghost.ErrSignatureMalformed},
		"two times":             {good + ", t=1795306418200", ghost.ErrSignatureMalformed},
		"an empty time":         {"sha256=" + sum + ", t=", ghost.ErrSignatureMalformed},
		"a negative time":       {"sha256=" + sum + ", t=-1795306418200", ghost.ErrSignatureMalformed},
		"a time in words":       {"sha256=" + sum + ", t=now", ghost.ErrSignatureMalformed},
		"a time that overflows": {"sha256=" + sum + ", t=9999999999999999999999", ghost.ErrSignatureMalformed},
		"another time":          {"sha256=" + sum + ", t=1795306418201", ghost.ErrSignatureMismatch},
		"another secret":        {ghost.Sign(body, []byte("other"), sentAt), ghost.ErrSignatureMismatch},
		"another body":          {ghost.Sign([]byte(`{"a":2}`), secret, sentAt), ghost.ErrSignatureMismatch},
		"the body alone":        {ghost.SignLegacy(body, secret, sentAt), ghost.ErrSignatureMismatch},
		"an old signature":      {ghost.Sign(body, secret, sentAt.Add(-5*time.Minute-time.Millisecond)), ghost.ErrSignatureExpired},
		"a future signature":    {ghost.Sign(body, secret, sentAt.Add(5*time.Minute+time.Millisecond)), ghost.ErrSignatureExpired},
		"old and of a stranger": {ghost.Sign(body, []byte("other"), sentAt.Add(-time.Hour)), ghost.ErrSignatureMismatch},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ghost.Verify(tt.header, body, verification("s")); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestVerifyAcceptsTheEdgesOfTheTolerance(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{sentAt.Add(-5 * time.Minute), sentAt.Add(5 * time.Minute)} {
		if _, err := ghost.Verify(ghost.Sign(nil, []byte("s"), at), nil, verification("s")); err != nil {
			t.Errorf("signed at %v: %v", at, err)
		}
	}
}

func TestVerifyTellsTheSendTimeOfAnExpiredSignature(t *testing.T) {
	t.Parallel()
	at := sentAt.Add(-time.Hour)
	got, err := ghost.Verify(ghost.Sign(nil, []byte("s"), at), nil, verification("s"))
	if !errors.Is(err, ghost.ErrSignatureExpired) || !got.Equal(at) {
		t.Errorf("sent at %v, %v; want %v and expired", got, err, at)
	}
}

func TestVerifyNeverAcceptsAnEmptySecret(t *testing.T) {
	t.Parallel()
	v := verification("")
	if _, err := ghost.Verify(ghost.Sign(nil, nil, sentAt), nil, v); !errors.Is(err, ghost.ErrSignatureMismatch) {
		t.Errorf("empty secret: got %v, want a mismatch", err)
	}
	if _, err := ghost.Verify(ghost.Sign(nil, nil, sentAt), nil, verification()); !errors.Is(err, ghost.ErrSignatureMismatch) {
		t.Errorf("no secret: got %v, want a mismatch", err)
	}
}

func TestVerifyOfALegacySite(t *testing.T) {
	t.Parallel()
	body, secret := []byte(`{"a":1}`), []byte("s")
	v := verification("s")
	v.Legacy = true
	tests := map[string]struct {
		header string
		want   error
	}{
		"takes a signature of the body alone":        {ghost.SignLegacy(body, secret, sentAt), nil},
		"takes the newer form, after Ghost's update": {ghost.Sign(body, secret, sentAt), nil},
		"still checks the time":                      {ghost.SignLegacy(body, secret, sentAt.Add(-time.Hour)), ghost.ErrSignatureExpired},
		"still checks the secret":                    {ghost.SignLegacy(body, []byte("other"), sentAt), ghost.ErrSignatureMismatch},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ghost.Verify(tt.header, body, v); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzVerifyNeverAcceptsAHeaderThatNobodySigned(f *testing.F) {
	f.Add("sha256=00, t=1", []byte("{}"))
	f.Add(ghost.Sign([]byte("{}"), []byte("stranger"), sentAt), []byte("{}"))
	f.Add(ghost.SignLegacy([]byte("{}"), []byte("stranger"), sentAt), []byte("{}"))
	f.Add("t=1795306418200,sha256=,,=", []byte(nil))
	known := []error{
		ghost.ErrSignatureMissing, ghost.ErrSignatureMalformed,
		ghost.ErrSignatureMismatch, ghost.ErrSignatureExpired,
	}
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		v := verification("a secret that the fuzzer does not have")
		v.Legacy = true
		_, err := ghost.Verify(header, body, v)
		for _, want := range known {
			if errors.Is(err, want) {
				return
			}
		}
		t.Errorf("Verify(%q) = %v", header, err)
	})
}
