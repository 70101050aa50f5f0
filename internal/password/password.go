// Package password holds what people type against what an operator configured:
// a password in clear, or its hash by argon2id or bcrypt. It promises that the
// time a comparison takes tells nothing of a password in clear, that a hash can
// neither be malformed nor cost more than a process can bear, and that neither
// ever shows in an error. It is the one door of golang.org/x/crypto. How often
// somebody may try is left to the callers.
package password

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// MinLength is how many characters a password in clear has at least.
const MinLength = 12

// The errors of Parse, fit to be shown.
var (
	ErrShort = fmt.Errorf("is shorter than %d characters", MinLength)
	ErrHash  = errors.New("looks like a hash, but is none of argon2id or bcrypt")
	ErrCost  = errors.New("is a hash that takes too much memory or time to check")
)

// Password is what was configured.
type Password struct {
	sum    [sha256.Size]byte // of one in clear
	bcrypt []byte
	argon  *argon
}

// argon is an argon2id hash, in the form of its reference program:
// $argon2id$v=19$m=65536,t=3,p=4$SALT$HASH.
type argon struct {
	memory, time uint32 // KiB, passes
	threads      uint8
	salt, hash   []byte
}

// An argon2id hash may ask for so much: checking one must not push a small
// machine over.
const (
	maxMemory = 256 << 10 // KiB
	maxPasses = 16
	maxBcrypt = 16
)

// Parse reads what was configured.
func Parse(text string) (Password, error) {
	switch {
	case strings.HasPrefix(text, "$argon2"):
		hash, err := parseArgon(text)
		return Password{argon: hash}, err
	case strings.HasPrefix(text, "$2"):
		cost, err := bcrypt.Cost([]byte(text))
		if err != nil {
			return Password{}, ErrHash
		}
		if cost > maxBcrypt {
			return Password{}, ErrCost
		}
		return Password{bcrypt: []byte(text)}, nil
	case utf8.RuneCountInString(text) < MinLength:
		return Password{}, ErrShort
	}
	return Password{sum: sha256.Sum256([]byte(text))}, nil
}

func parseArgon(text string) (*argon, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != "v=19" {
		return nil, ErrHash
	}
	var a argon
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.memory, &a.time, &a.threads)
	if err != nil || n != 3 || a.memory < 8 || a.time < 1 || a.threads < 1 {
		return nil, ErrHash
	}
	if a.memory > maxMemory || a.time > maxPasses {
		return nil, ErrCost
	}
	var errSalt, errHash error
	a.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[4])
	a.hash, errHash = base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errHash != nil || len(a.salt) < 8 || len(a.hash) < 16 || len(a.hash) > 128 {
		return nil, ErrHash
	}
	return &a, nil
}

// Digest is different for each password or hash that was configured. It is a
// secret as they are.
func (p Password) Digest() []byte {
	sum := p.sum
	switch {
	case p.argon != nil:
		sum = sha256.Sum256(append(append([]byte("argon2id"), p.argon.salt...), p.argon.hash...))
	case p.bcrypt != nil:
		sum = sha256.Sum256(p.bcrypt)
	}
	return sum[:]
}

// Slow says whether Matches takes long and much memory, as hashes are made to.
func (p Password) Slow() bool { return p.argon != nil || p.bcrypt != nil }

// Matches says whether what was typed is the password. The zero Password matches
// nothing.
func (p Password) Matches(typed string) bool {
	switch {
	case p.argon != nil:
		a := p.argon
		got := argon2.IDKey([]byte(typed), a.salt, a.time, a.memory, a.threads, uint32(len(a.hash)))
		return subtle.ConstantTimeCompare(got, a.hash) == 1
	case p.bcrypt != nil:
		return bcrypt.CompareHashAndPassword(p.bcrypt, []byte(typed)) == nil
	case p.sum == [sha256.Size]byte{}:
		return false
	}
	got := sha256.Sum256([]byte(typed))
	return subtle.ConstantTimeCompare(got[:], p.sum[:]) == 1
}
