package payment

import (
	"encoding/json"
	"net/url"
)

// WithoutToken is a body without the token by which it proved itself, for keeping: only
// Ko-fi puts one there. Normalise reads the same out of it.
func WithoutToken(provider string, body []byte) []byte {
	if provider != Kofi {
		return body
	}
	n, err := kofiData(body)
	fields, ok := n.v.(map[string]any)
	if err != nil || !ok {
		return body
	}
	delete(fields, "verification_token")
	data, err := json.Marshal(fields)
	if err != nil { // of what JSON made there is none
		return body
	}
	return []byte(url.Values{"data": {string(data)}}.Encode())
}
