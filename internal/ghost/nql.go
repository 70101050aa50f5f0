package ghost

import (
	"errors"
	"strings"
	"unicode"
)

// ErrUnsearchable says that a value cannot be put into a filter of Ghost's.
var ErrUnsearchable = errors.New("value cannot be written in a filter")

// quoteNQL writes a value as a string of NQL, Ghost's filter language. Both
// kinds of quotes are escaped (a bare " inside '…' is refused by Ghost); a
// backslash has no escape of its own and could swallow the closing quote, so a
// value that holds one is refused, as are the empty string, which NQL does not
// know, and control characters. Source: @tryghost/nql-string and nql-lang.
func quoteNQL(value string) (string, error) {
	if value == "" || strings.ContainsRune(value, '\\') || strings.IndexFunc(value, unicode.IsControl) >= 0 {
		return "", ErrUnsearchable
	}
	return "'" + strings.NewReplacer(`'`, `\'`, `"`, `\"`).Replace(value) + "'", nil
}

// filterEmail selects the member with an address. Depending on its database,
// Ghost also finds other spellings: compare what it returns.
func filterEmail(email string) (string, error) {
	quoted, err := quoteNQL(email)
	if err != nil {
		return "", err
	}
	return "email:" + quoted, nil
}

// filterEmailInAnyCase selects the members whose address contains one, in any case.
func filterEmailInAnyCase(email string) (string, error) {
	quoted, err := quoteNQL(email)
	if err != nil {
		return "", err
	}
	return "email:~" + quoted, nil
}

// filterAfter selects the members whose id sorts after one.
func filterAfter(id string) (string, error) {
	if !ValidID(id) {
		return "", ErrUnsearchable
	}
	return "id:>'" + id + "'", nil
}

// filterIDs selects the members with any of the ids.
func filterIDs(ids []string) (string, error) {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		if !ValidID(id) {
			return "", ErrUnsearchable
		}
		quoted[i] = "'" + id + "'"
	}
	return "id:[" + strings.Join(quoted, ",") + "]", nil
}
