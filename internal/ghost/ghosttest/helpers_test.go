package ghosttest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// token signs claims with the default key; the edit may spoil them.
func token(t testing.TB, edit func(header map[string]any, claims jwt.MapClaims)) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(4 * time.Minute).Unix(), "aud": "/admin/"}
	tok := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	tok.Header["kid"] = ghosttest.DefaultKey[:24]
	edit(tok.Header, claims)
	secret := []byte{}
	for range 2 {
		secret = append(secret, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff)
	}
	signed, err := tok.SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func good(t *testing.T) string {
	t.Helper()
	return "Ghost " + token(t, func(map[string]any, jwt.MapClaims) {})
}

type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) members(t *testing.T) []map[string]any {
	t.Helper()
	list, ok := a.body["members"].([]any)
	if !ok {
		t.Fatalf("no members in an answer with status %d: %v", a.status, a.body)
	}
	out := make([]map[string]any, len(list))
	for i, m := range list {
		out[i] = m.(map[string]any)
	}
	return out
}

func (a answer) errorCodes() (kind, code any) {
	list, _ := a.body["errors"].([]any)
	if len(list) == 0 {
		return nil, nil
	}
	e := list[0].(map[string]any)
	return e["type"], e["code"]
}

// send makes a request; a path begins below /ghost/api/admin.
func send(t *testing.T, s *ghosttest.Server, method, path, auth, body string) answer {
	t.Helper()
	req, err := http.NewRequest(method, s.URL()+"/ghost/api/admin"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Version", "v6.0") // as the captured requests had
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	client := &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{DisableKeepAlives: true}, // shared with no test that runs beside it
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if err := json.Unmarshal(raw, &a.body); err != nil && len(raw) > 0 && resp.StatusCode != http.StatusMovedPermanently {
		t.Fatalf("%s %s: no JSON: %q", method, path, raw)
	}
	return a
}

func get(t *testing.T, s *ghosttest.Server, path string) answer {
	t.Helper()
	return send(t, s, http.MethodGet, path, good(t), "")
}

func addMembers(t *testing.T, s *ghosttest.Server, emails ...string) []ghosttest.Member {
	t.Helper()
	var out []ghosttest.Member
	for _, e := range emails {
		m, err := s.AddMember(ghosttest.Member{Email: e})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// fixture is an answer of a real Ghost 6.65.0.
func fixture(t *testing.T, name string) answer {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../testdata/admin-api", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Response struct {
			Status int
			Body   map[string]any
		}
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return answer{status: f.Response.Status, body: f.Response.Body}
}
