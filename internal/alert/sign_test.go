package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// verify stands in docs/alerts.md, word for word.
func verify(secret, header string, body []byte, now time.Time) bool {
	var seconds int64
	var signature string
	if _, err := fmt.Sscanf(header, "t=%d, sha256=%s", &seconds, &signature); err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", seconds, body)
	want := hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(signature)) && now.Sub(time.Unix(seconds, 0)).Abs() < 5*time.Minute
}

func TestTheExampleInTheManualIsTheOneThatIsTested(t *testing.T) {
	t.Parallel()
	ours, err := os.ReadFile("sign_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```go\n")
	example, _, found := strings.Cut(example, "```")
	if !found || !strings.Contains(string(ours), "\n"+example) || !strings.HasPrefix(example, "func verify(") {
		t.Errorf("docs/alerts.md has another example:\n%s", example)
	}
}

func TestASignatureVerifiesAndNoOtherDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.process()
	a.DeadLetter(site, "cm:1")
	a.round(t.Context())
	if len(w.signed) != 1 {
		t.Fatalf("%d messages came", len(w.signed))
	}
	header, body, now := w.signed[0], w.bodies[0], w.clock()
	got := map[string]bool{
		"as it came":       verify(secret, header, body, now),
		"another secret":   verify("another", header, body, now),
		"another body":     verify(secret, header, append([]byte(" "), body...), now),
		"another time":     verify(secret, strings.Replace(header, "t=17", "t=18", 1), body, now),
		"too late":         verify(secret, header, body, now.Add(6*time.Minute)),
		"no signature":     verify(secret, "", body, now),
		"nothing but time": verify(secret, strings.Split(header, ",")[0], body, now),
	}
	want := map[string]bool{
		"as it came": true, "another secret": false, "another body": false, "another time": false, "too late": false,
		"no signature": false, "nothing but time": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutASecretNothingIsSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secret = ""
	var headers http.Header
	w.does(func(_ http.ResponseWriter, r *http.Request) { headers = r.Header.Clone() })
	a := w.process()
	a.DeadLetter(site, "")
	a.round(t.Context())
	if headers == nil || headers.Get(SignatureHeader) != "" || headers.Get("Content-Type") != "application/json" {
		t.Errorf("sent with %v", headers)
	}
}
