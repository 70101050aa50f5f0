// Package pages is a bare loop that only fetches Ghost's pages, one after another:
// the least that a full sync of a site can take, whatever it does with them.
package pages

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Fetch walks over all members of a Ghost by their ids, a hundred at once, which is
// the most that Ghost gives, and returns how many there were.
func Fetch(ctx context.Context, ghost, adminKey string) (members int, err error) {
	token, err := token(adminKey, time.Now())
	if err != nil {
		return 0, err
	}
	for last := ""; ; {
		query := url.Values{"order": {"id asc"}, "include": {"tiers"}, "limit": {"100"}}
		if last != "" {
			query.Set("filter", "id:>'"+last+"'")
		}
		ids, err := fetch(ctx, ghost+"/ghost/api/admin/members/?"+query.Encode(), token)
		if err != nil || len(ids) == 0 {
			return members, err
		}
		members += len(ids)
		last = ids[len(ids)-1].ID
	}
}

type id struct{ ID string }

func fetch(ctx context.Context, address, token string) ([]id, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Ghost "+token)
	r.Header.Set("Accept-Version", "v5.0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New("Ghost answers " + answer.Status)
	}
	var page struct{ Members []id }
	err = json.NewDecoder(answer.Body).Decode(&page)
	return page.Members, err
}

// token is a JSON Web Token for the Admin API, good for five minutes.
func token(adminKey string, now time.Time) (string, error) {
	keyID, secretHex, _ := strings.Cut(adminKey, ":")
	secret, err := hex.DecodeString(secretHex)
	if err != nil {
		return "", errors.New("the admin key is not id:hex")
	}
	encode := base64.RawURLEncoding.EncodeToString
	head := encode(fmt.Appendf(nil, `{"alg":"HS256","typ":"JWT","kid":%q}`, keyID))
	claims := encode(fmt.Appendf(nil, `{"iat":%d,"exp":%d,"aud":"/admin/"}`, now.Unix(), now.Add(5*time.Minute).Unix()))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(head + "." + claims))
	return head + "." + claims + "." + encode(mac.Sum(nil)), nil
}
