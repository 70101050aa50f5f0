package config

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/subosito/gotenv"
)

// dotenv reads .env in the working directory; it may be missing.
func dotenv(o Options, f *findings) layer {
	l := layer{origin: ".env", dir: o.Dir}
	content, err := readFile(filepath.Join(o.Dir, ".env"))
	if errors.Is(err, fs.ErrNotExist) {
		return l
	}
	if err != nil {
		f.problem(".env", "cannot be read: "+reason(err), "make it readable, or remove it")
		return l
	}
	// The library's errors quote the line, which may hold a secret.
	env, err := gotenv.StrictParse(bytes.NewReader(content))
	if err != nil {
		f.problem(".env", "is malformed"+brokenLine(content),
			"write each setting as NAME=value, with '…' around values that hold spaces, # or $")
		return l
	}
	lintDotenv(content, f)
	l.values = env
	return l
}

// brokenLine finds the first line that is no setting even on its own.
func brokenLine(content []byte) string {
	for i, line := range bytes.Split(content, []byte("\n")) {
		if _, err := gotenv.StrictParse(bytes.NewReader(line)); err != nil {
			return " in line " + strconv.Itoa(i+1)
		}
	}
	return ""
}

// lintDotenv tells of values that the format cuts or expands without a word:
// a password must not become another one because it holds a # or a $.
func lintDotenv(content []byte, f *findings) {
	for line := range strings.Lines(string(content)) {
		key, val, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		key, val = strings.TrimSpace(key), strings.TrimSpace(val)
		if !ok || strings.HasPrefix(key, "#") || strings.HasPrefix(val, "'") {
			continue
		}
		quoted := strings.HasPrefix(val, `"`)
		if i := strings.IndexByte(val, '#'); !quoted && i > 0 && val[i-1] != ' ' && val[i-1] != '\t' {
			f.problem(key, "its value in .env is cut at the #", "put '…' around the value")
		}
		if strings.Contains(strings.ReplaceAll(val, `\$`, ""), "$") {
			f.warn(key, "its value in .env holds a $, which is replaced by a variable; put '…' around the value to keep it")
		}
	}
}
