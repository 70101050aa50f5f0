package password_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/ghostcm/ghostcm/internal/password"
)

const typed = "correct horse battery"

func hashes(t *testing.T) map[string]string {
	t.Helper()
	b, err := bcrypt.GenerateFromPassword([]byte(typed), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	salt := []byte("a salt of sixteen")
	a := argon2.IDKey([]byte(typed), salt, 1, 64, 2, 32)
	enc := base64.RawStdEncoding.EncodeToString
	return map[string]string{
		"in clear": typed, "bcrypt": string(b), "argon2id": "$argon2id$v=19$m=64,t=1,p=2$" + enc(salt) + "$" + enc(a),
	}
}

func TestOnlyThePasswordMatches(t *testing.T) {
	t.Parallel()
	for name, configured := range hashes(t) {
		p, err := password.Parse(configured)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.Slow() != (name != "in clear") {
			t.Errorf("%s: slow is %v", name, p.Slow())
		}
		for attempt, want := range map[string]bool{
			typed: true, "": false, typed + " ": false, strings.ToUpper(typed): false, typed[:12]: false, configured: configured == typed,
		} {
			if got := p.Matches(attempt); got != want {
				t.Errorf("%s: %q matches: %v, want %v", name, attempt, got, want)
			}
		}
	}
}

func TestTheZeroPasswordMatchesNothing(t *testing.T) {
	t.Parallel()
	for _, attempt := range []string{"", "x", typed} {
		if (password.Password{}).Matches(attempt) {
			t.Errorf("%q matches", attempt)
		}
	}
}

func TestWhatCannotBeCheckedIsRefused(t *testing.T) {
	t.Parallel()
	salt, hash := "c2FsdHNhbHRzYWx0", "aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
	for text, want := range map[string]error{
		"":                                  password.ErrShort,
		"hunter2hunt":                       password.ErrShort,
		"пароль12345":                       password.ErrShort, // eleven characters in more bytes
		"$2b$99$nothing":                    password.ErrHash,
		"$2y$31$" + strings.Repeat("a", 53): password.ErrCost,
		"$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + hash:       password.ErrHash,
		"$argon2id$v=19$m=64,t=1$" + salt + "$" + hash:          password.ErrHash,
		"$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + hash:      password.ErrHash,
		"$argon2id$v=19$m=64,t=1,p=1$short$" + hash:             password.ErrHash,
		"$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + hash: password.ErrCost,
		"$argon2id$v=19$m=64,t=100,p=1$" + salt + "$" + hash:    password.ErrCost,
	} {
		_, err := password.Parse(text)
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q shows in %q", text, err)
		}
	}
}
