package ghosttest_test

import (
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal("the key is not id:hex")
	}
	return b
}

// refusal is what an error says; the words are Ghost's.
type refusal struct {
	Status                       int
	Type, Code, Message, Context any
}

func (a answer) refusal() refusal {
	list, _ := a.body["errors"].([]any)
	if len(list) == 0 {
		return refusal{Status: a.status}
	}
	e, _ := list[0].(map[string]any)
	return refusal{Status: a.status, Type: e["type"], Code: e["code"], Message: e["message"], Context: e["context"]}
}

func (c *contract) refuses(r call, want refusal) {
	c.Helper()
	if diff := cmp.Diff(want, c.ask(r).refusal()); diff != "" {
		c.Errorf("%s %s (-want +got)\n%s", r.method, r.path, diff)
	}
}

func unauthorized(code, message string) refusal {
	return refusal{Status: http.StatusUnauthorized, Type: "UnauthorizedError", Code: code, Message: message}
}

func accessQuestions() map[string]func(*contract) {
	return map[string]func(*contract){
		"access: who is refused":  (*contract).refusedTokens,
		"access: who is let in":   (*contract).acceptedTokens,
		"access: paths, methods":  (*contract).pathsAndMethods,
		"access: what a key sees": (*contract).whatAKeySees,
	}
}

func (c *contract) refusedTokens() {
	now := time.Now()
	hs256 := jwt.SigningMethodHS256
	claims := func(m map[string]any) string { return "Ghost " + c.token(hs256, nil, m) }
	badToken := func(code, message string) refusal {
		return refusal{Status: http.StatusBadRequest, Type: "BadRequestError", Code: code, Message: message}
	}
	header := unauthorized("INVALID_AUTH_HEADER", `Authorization header format is "Authorization: Ghost [token]"`)
	for name, tt := range map[string]struct {
		auth string
		want refusal
	}{
		"no header": {"none", refusal{
			Status: http.StatusForbidden, Type: "NoPermissionError", Message: "Authorization failed",
			Context: "Unable to determine the authenticated user or integration. Check that cookies are being passed through if using session authentication.",
		}},
		"another scheme":    {"Bearer " + c.token(hs256, nil, nil), header},
		"no token":          {"Ghost", header},
		"no JWT":            {"Ghost abc.def.ghi", badToken("INVALID_JWT", "Invalid token")},
		"no kid":            {"Ghost " + c.token(hs256, map[string]any{"kid": nil}, nil), badToken("MISSING_ADMIN_API_KID", "Admin API kid missing.")},
		"a kid of nobody":   {"Ghost " + c.token(hs256, map[string]any{"kid": "0123456789abcdef01234567"}, nil), unauthorized("UNKNOWN_ADMIN_API_KEY", "Unknown Admin API Key")},
		"another signature": {claims(nil) + "x", unauthorized("INVALID_JWT", "Invalid token: invalid signature")},
		"another algorithm": {"Ghost " + c.token(jwt.SigningMethodHS512, nil, nil), unauthorized("INVALID_JWT", "Invalid token: invalid algorithm")},
		"expired":           {claims(map[string]any{"exp": now.Add(-time.Minute).Unix()}), unauthorized("INVALID_JWT", "Invalid token: jwt expired")},
		"too old":           {claims(map[string]any{"iat": now.Add(-6 * time.Minute).Unix()}), unauthorized("INVALID_JWT", "Invalid token: maxAge exceeded")},
		"of no time":        {claims(map[string]any{"iat": nil}), unauthorized("INVALID_JWT", "Invalid token: iat required when maxAge is specified")},
		"not yet valid":     {claims(map[string]any{"nbf": now.Add(time.Hour).Unix()}), unauthorized("INVALID_JWT", "Invalid token: jwt not active")},
	} {
		c.Run(name, func(t *testing.T) {
			in := *c
			in.T = t
			in.refuses(call{method: http.MethodGet, path: "members/?limit=1", auth: tt.auth}, tt.want)
		})
	}
	got := c.ask(call{method: http.MethodGet, path: "members/", auth: claims(map[string]any{"aud": "/content/"})}).refusal()
	if got.Status != http.StatusUnauthorized || got.Code != "INVALID_JWT" {
		c.Errorf("a token for another audience: %+v", got)
	}
}

func (c *contract) acceptedTokens() {
	now := time.Now()
	for name, claims := range map[string]map[string]any{
		"a clock ahead":     {"iat": now.Add(time.Hour).Unix(), "exp": now.Add(2 * time.Hour).Unix()},
		"four minutes old":  {"iat": now.Add(-4 * time.Minute).Unix(), "exp": now.Add(time.Minute).Unix()},
		"no end":            {"exp": nil},
		"a long one":        {"exp": now.Add(24 * time.Hour).Unix()},
		"another audience":  {"aud": "/v5/admin/"},
		"a shorter one":     {"aud": "admin"},
		"one of two":        {"aud": []string{"/content/", "/admin/"}},
		"valid since now":   {"nbf": now.Add(-time.Minute).Unix()},
		"more than we need": {"iss": "somebody"},
	} {
		if a := c.ask(call{method: http.MethodGet, path: "members/?limit=1", auth: "Ghost " + c.token(jwt.SigningMethodHS256, nil, claims)}); a.status != http.StatusOK {
			c.Errorf("%s: %+v", name, a.refusal())
		}
	}
	if a := c.ask(call{method: http.MethodGet, path: "members/?limit=1", auth: "ghost " + c.token(jwt.SigningMethodHS256, nil, nil)}); a.status != http.StatusOK {
		c.Errorf("a scheme in small letters: %+v", a.refusal())
	}
}

func (c *contract) pathsAndMethods() {
	a := c.ask(call{method: http.MethodGet, path: "members?limit=1"})
	if a.status != http.StatusMovedPermanently || a.header.Get("Location") != "/ghost/api/admin/members/?limit=1" {
		c.Errorf("GET without a slash: %d to %q", a.status, a.header.Get("Location"))
	}
	if a := c.ask(call{method: http.MethodPost, path: "members", body: one(fields{"email": c.email("slash")})}); a.status != http.StatusCreated {
		c.Errorf("POST without a slash: %d", a.status)
	}
	for _, unknown := range []string{"nonexistent/", "webhooks/"} {
		c.refuses(call{method: http.MethodGet, path: unknown}, refusal{Status: http.StatusNotFound, Type: "NotFoundError", Message: "Resource not found"})
		c.refuses(call{method: http.MethodGet, path: unknown, version: "v5.0"}, refusal{
			Status: http.StatusNotAcceptable, Type: "RequestNotAcceptableError", Code: "UPDATE_CLIENT",
			Message: "Request could not be served, the endpoint was not found.", Context: "Provided client accept-version v5.0 is behind current Ghost version v6.65.",
		})
	}
	if a := c.ask(call{method: http.MethodHead, path: "members/"}); a.status != http.StatusForbidden {
		c.Errorf("HEAD: %d", a.status)
	}
}

// whatAKeySees is where doctor, reconciliation and payments look.
func (c *contract) whatAKeySees() {
	site, _ := c.ask(call{method: http.MethodGet, path: "site/", auth: "none"}).body["site"].(map[string]any)
	if site["version"] != "6.65" || site["url"] != c.url+"/" || site["title"] != "Test Site" {
		c.Errorf("the site is %v", site)
	}
	a := c.ask(call{method: http.MethodGet, path: "config/"})
	config, _ := a.body["config"].(map[string]any)
	database := map[bool]string{false: "sqlite3", true: "mariadb"}[c.mariadb]
	if config["version"] != "6.65.0" || config["database"] != database || a.header.Get("Content-Version") != "v6.65" {
		c.Errorf("the configuration is %v, Content-Version %q", config, a.header.Get("Content-Version"))
	}
	settings := map[string]any{}
	rows, _ := c.ask(call{method: http.MethodGet, path: "settings/"}).body["settings"].([]any)
	for _, row := range rows {
		r, _ := row.(map[string]any)
		settings[r["key"].(string)] = r["value"]
	}
	if settings["paid_members_enabled"] != c.stripe || settings["title"] != "Test Site" {
		c.Errorf("paid_members_enabled is %v, the title %v", settings["paid_members_enabled"], settings["title"])
	}
	free := c.tier(func(t map[string]any) bool { return t["type"] == "free" })
	if free["slug"] != "free" || free["active"] != true || len(free["id"].(string)) != 24 {
		c.Errorf("the free tier is %v", free)
	}
	if _, err := time.Parse(http.TimeFormat, a.header.Get("Date")); err != nil {
		c.Errorf("the clock of an answer: %v", err)
	}
}
