package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile bounds every file that is read: settings are small.
const maxFile = 1 << 20

var errTooLarge = errors.New("it is larger than 1 MiB")

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFile {
		return nil, errTooLarge
	}
	return content, nil
}

// reason is why a file could not be read, without its path: who mixes up NAME
// and NAME_FILE has put the secret there.
func reason(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}

// credentials is the layer of $CREDENTIALS_DIRECTORY, where systemd puts one
// file per credential (LoadCredential=, SetCredentialEncrypted=).
func (v vocabulary) credentials(o Options, f *findings) layer {
	dir := lookup(o.Environ, "CREDENTIALS_DIRECTORY")
	l := layer{origin: "$CREDENTIALS_DIRECTORY", dir: dir, values: map[string]string{}}
	if dir == "" {
		return l
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.problem("CREDENTIALS_DIRECTORY", "cannot be read: "+reason(err), "see LoadCredential= in systemd.exec(5)")
		return l
	}
	for _, entry := range entries {
		n, ok := v.parse(entry.Name())
		switch {
		case !ok:
			v.complain(entry.Name(), l.origin, f)
		case !n.setting.Secret || n.isPath:
			f.problem(entry.Name(), "is a credential, but no secret", "set it in the environment")
		default:
			l.values[n.full+"_FILE"] = filepath.Join(dir, entry.Name())
		}
	}
	return l
}

// reveal replaces the paths that won by what the files hold.
func reveal(values map[string]value, f *findings) {
	for full, val := range values {
		if !val.path || val.text == "" {
			continue
		}
		path := val.text
		if !filepath.IsAbs(path) {
			path = filepath.Join(val.dir, path)
		}
		val.text, val.path = readSecret(full, path, val.origin, f), false
		values[full] = val
	}
}

// unreadable stands for a secret that could not be read, so that it is not
// reported as missing too.
const unreadable = "\x00"

func readSecret(full, path, origin string, f *findings) string {
	content, err := readFile(path)
	key := full + "_FILE"
	if origin == "$CREDENTIALS_DIRECTORY" {
		key = full
	}
	if err != nil {
		f.problem(key, "the file that "+origin+" names cannot be read: "+reason(err), "check the path and who may read it")
		return unreadable
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" || strings.ContainsAny(secret, "\x00\r\n") {
		f.problem(key, "the file must hold the secret on a single line and nothing else", "write the secret into it")
		return unreadable
	}
	warnIfOpen(key, path, origin, f)
	return secret
}

func warnIfOpen(key, path, origin string, f *findings) {
	info, err := os.Stat(path)
	if err != nil || origin == "$CREDENTIALS_DIRECTORY" {
		return
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o044 != 0 {
		f.warn(key, fmt.Sprintf("the file can be read by others than its owner (mode %04o); chmod 600 it", mode.Perm()))
	}
}
