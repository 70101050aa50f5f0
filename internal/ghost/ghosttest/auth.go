package ghosttest

import (
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxAge is how long after its iat a token is taken, whatever its exp says.
const maxAge = 5 * time.Minute

// key is the Admin API key of the one integration that the site has.
type key struct {
	id     string
	secret []byte
}

func parseKey(s string) (key, error) {
	id, secretHex, _ := strings.Cut(s, ":")
	secret, err := hex.DecodeString(secretHex)
	if err != nil || id == "" || len(secret) == 0 {
		return key{}, errors.New("ghosttest: the admin key is not id:hex")
	}
	return key{id: id, secret: secret}, nil
}

// authorize judges the Authorization header in the order Ghost does.
func (s *Server) authorize(r *http.Request) *refusal {
	header := r.Header.Get("Authorization")
	if header == "" {
		return noPermission("Authorization failed",
			"Unable to determine the authenticated user or integration. "+
				"Check that cookies are being passed through if using session authentication.")
	}
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Ghost") || token == "" {
		return unauthorized("INVALID_AUTH_HEADER", `Authorization header format is "Authorization: Ghost [token]"`)
	}
	unverified, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		return badToken("INVALID_JWT", "Invalid token")
	}
	switch kid, _ := unverified.Header["kid"].(string); kid {
	case s.key.id:
		return s.verify(token, unverified.Method.Alg())
	case "":
		return badToken("MISSING_ADMIN_API_KID", "Admin API kid missing.")
	}
	return unauthorized("UNKNOWN_ADMIN_API_KEY", "Unknown Admin API Key")
}

// verify follows the options Ghost gives to jsonwebtoken: HS256, an audience, a
// greatest age, no tolerance.
func (s *Server) verify(token, algorithm string) *refusal {
	if algorithm != "HS256" {
		return invalidToken("invalid algorithm")
	}
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(s.opts.Now))
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return s.key.secret, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return invalidToken("jwt expired")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return invalidToken("jwt not active")
	case err != nil:
		return invalidToken("invalid signature")
	case !forAdmin(claims):
		return invalidToken("jwt audience invalid")
	}
	issued, err := claims.GetIssuedAt()
	if err != nil || issued == nil {
		return invalidToken("iat required when maxAge is specified")
	}
	if s.opts.Now().Sub(issued.Time) >= maxAge {
		return invalidToken("maxAge exceeded")
	}
	return nil
}

func forAdmin(claims jwt.MapClaims) bool {
	audience, err := claims.GetAudience()
	if err != nil {
		return false
	}
	admin := regexp.MustCompile(`/?admin/?$`)
	for _, a := range audience {
		if admin.MatchString(a) {
			return true
		}
	}
	return false
}

func invalidToken(why string) *refusal { return unauthorized("INVALID_JWT", "Invalid token: "+why) }
