package ghost

import (
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrAdminKey says that an Admin API key does not have Ghost's form.
var ErrAdminKey = errors.New("admin API key is not <24 hex digits>:<64 hex digits>, as Ghost shows it under Integrations")

// How long a token lives. Ghost refuses one 5 minutes after its iat whatever
// its exp says, and knows no clock tolerance.
const (
	tokenLife  = 4 * time.Minute
	tokenReuse = 3 * time.Minute
)

// adminKey is an Admin API key taken apart.
type adminKey struct {
	id     string
	secret []byte
}

func parseAdminKey(key string) (adminKey, error) {
	id, secretHex, _ := strings.Cut(strings.TrimSpace(key), ":")
	secret, err := hex.DecodeString(secretHex)
	if err != nil || len(secret) != 32 || !ValidID(id) {
		return adminKey{}, ErrAdminKey
	}
	return adminKey{id: id, secret: secret}, nil
}

// tokens makes the short-lived tokens of a key and reuses each while it is
// young. It may be used by many goroutines at once.
type tokens struct {
	key adminKey
	now func() time.Time

	mu      sync.Mutex
	current string
	made    time.Time
}

// token returns a token that is good for another minute at least. A clock that
// was set back makes a new one, since an iat far ahead outlives its welcome.
func (t *tokens) token() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	age := now.Sub(t.made)
	if t.current != "" && age >= 0 && age < tokenReuse {
		return t.current, nil
	}
	signed, err := t.key.sign(now)
	if err != nil {
		return "", err
	}
	t.current, t.made = signed, now
	return signed, nil
}

// sign makes one token. There is no nbf: Ghost honours it without tolerance, so
// a clock a second ahead would shut us out.
func (k adminKey) sign(now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iat": now.Unix(),
		"exp": now.Add(tokenLife).Unix(),
		"aud": "/admin/",
	})
	token.Header["kid"] = k.id
	return token.SignedString(k.secret)
}
