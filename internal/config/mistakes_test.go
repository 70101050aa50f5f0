package config_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/config"
)

// mistake is a file of testdata/mistakes: what is changed of an environment
// that loads ("-NAME" unsets, "--config" names the file), files beside it, and
// the problems that must be told.
type mistake struct {
	options  config.Options
	problems string
}

func readMistake(t *testing.T, path string) mistake {
	t.Helper()
	files := readArchive(t, path)
	m := mistake{problems: files["problems"]}
	changes := strings.Fields(strings.ReplaceAll(files["environment"], " ", "\x00"))
	delete(files, "problems")
	delete(files, "environment")
	m.options.Dir = write(t, files)
	m.apply(changes)
	return m
}

// readArchive reads files that follow each other, each after its "-- name --".
func readArchive(t *testing.T, path string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files, current := map[string]string{}, ""
	for line := range strings.Lines(string(content)) {
		if name, ok := strings.CutPrefix(line, "-- "); ok {
			current = strings.TrimSuffix(strings.TrimSpace(name), " --")
			files[current] = ""
			continue
		}
		files[current] += line
	}
	return files
}

func (m *mistake) apply(changes []string) {
	env := minimal()
	for _, change := range changes {
		key, val, isSet := strings.Cut(strings.ReplaceAll(change, "\x00", " "), "=")
		switch {
		case key == "--config" && isSet:
			m.options.ConfigFile = val
		case key == "--config":
			m.options.ConfigFile = m.onlyConfigFile()
		case isSet:
			env[key] = strings.Replace(val, "creds", filepath.Join(m.options.Dir, "creds"), 1)
		default:
			delete(env, strings.TrimPrefix(key, "-"))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(env)) {
		m.options.Environ = append(m.options.Environ, k+"="+env[k])
	}
}

func (m *mistake) onlyConfigFile() string {
	if _, err := os.Stat(filepath.Join(m.options.Dir, "ghostcm.toml")); err == nil {
		return "ghostcm.toml"
	}
	return "ghostcm.yaml"
}

// With GHOSTCM_UPDATE=1 the files are rewritten; read the difference.
func TestEveryMistakeIsToldByItsKey(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(paths) < 80 {
		t.Fatalf("found %d mistakes: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			m := readMistake(t, path)
			got := told(t, m.options)
			if os.Getenv("GHOSTCM_UPDATE") == "1" {
				update(t, path, got)
				return
			}
			if diff := cmp.Diff(m.problems, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func told(t *testing.T, o config.Options) string {
	t.Helper()
	cfg, err := config.Load(o)
	var problems config.Problems
	if !errors.As(err, &problems) || cfg != nil {
		t.Fatalf("got %v, %v; want no configuration, and problems", cfg, err)
	}
	var lines strings.Builder
	for _, p := range problems {
		lines.WriteString(p.String() + "\n")
		if p.Key == "" || p.Wrong == "" || p.Fix == "" {
			t.Errorf("a problem lacks its key, what is wrong, or what to do: %+v", p)
		}
	}
	if strings.Contains(lines.String(), "hunter2") {
		t.Errorf("a problem holds a secret:\n%s", lines.String())
	}
	return lines.String()
}

func update(t *testing.T, path, problems string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const title = "-- problems --\n"
	before, _, _ := strings.Cut(string(content), title)
	if err := os.WriteFile(path, []byte(before+title+problems), 0o600); err != nil {
		t.Fatal(err)
	}
}
