package ghosttest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

func TestAuthorizationIsRefusedAsGhostRefusesIt(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	spoiled := func(edit func(header map[string]any, claims jwt.MapClaims)) string { return "Ghost " + token(t, edit) }
	tests := map[string]struct{ auth, fixture string }{
		"no header":      {"", "err-403-no-auth"},
		"another scheme": {"Bearer x", "err-401-bearer"},
		"no token":       {"Ghost garbage", "err-400-bad-jwt"},
		"no kid": {spoiled(func(h map[string]any, _ jwt.MapClaims) { delete(h, "kid") }),
			"err-400-no-kid"},
		"an unknown kid": {spoiled(func(h map[string]any, _ jwt.MapClaims) { h["kid"] = "0123456789abcdef01234567" }),
			"err-401-unknown-kid"},
		"a bad signature": {good(t)[:len(good(t))-4] + "AAAA", "err-401-bad-sig"},
		"expired": {spoiled(func(_ map[string]any, c jwt.MapClaims) {
			c["iat"], c["exp"] = time.Now().Add(-400*time.Second).Unix(), time.Now().Add(-100*time.Second).Unix()
		}), "err-401-expired"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := send(t, s, http.MethodGet, "/members/?limit=1", tt.auth, ""), fixture(t, tt.fixture)
			if got.status != want.status {
				t.Errorf("status %d, want %d", got.status, want.status)
			}
			if diff := cmp.Diff(want.body, got.body, ignoringIDs()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// ignoringIDs leaves the random id of an error out of a comparison.
func ignoringIDs() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		i, ok := p.Last().(cmp.MapIndex)
		return ok && i.Key().String() == "id"
	}, cmp.Ignore())
}

func TestTokensAreRefusedFor(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	tests := map[string]struct {
		edit func(header map[string]any, claims jwt.MapClaims)
		want int
	}{
		"nothing":                   {func(map[string]any, jwt.MapClaims) {}, 200},
		"an iat in the future: not": {func(_ map[string]any, c jwt.MapClaims) { c["iat"] = at(time.Hour) }, 200},
		"no exp: not":               {func(_ map[string]any, c jwt.MapClaims) { delete(c, "exp") }, 200},
		"an iat older than 5 min":   {func(_ map[string]any, c jwt.MapClaims) { c["iat"] = at(-301 * time.Second) }, 401},
		"no iat":                    {func(_ map[string]any, c jwt.MapClaims) { delete(c, "iat") }, 401},
		"an nbf in the future":      {func(_ map[string]any, c jwt.MapClaims) { c["nbf"] = at(30 * time.Second) }, 401},
		"another audience":          {func(_ map[string]any, c jwt.MapClaims) { c["aud"] = "/content/" }, 401},
		"no audience":               {func(_ map[string]any, c jwt.MapClaims) { delete(c, "aud") }, 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := send(t, s, http.MethodGet, "/members/", "Ghost "+token(t, tt.edit), "")
			if got.status != tt.want {
				t.Errorf("status %d, want %d: %v", got.status, tt.want, got.body)
			}
		})
	}
}
