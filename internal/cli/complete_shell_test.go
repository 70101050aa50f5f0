package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// tabShells are the shells as they are started, and what a person has in the
// file that they read at the start.
var tabShells = map[string][2]string{
	"bash": {"bash --norc --noprofile -i", ". " + bashCompletion() + "; . $COMPLETIONS/ghostcm.bash"},
	"zsh":  {"zsh -f -i", "autoload -U compinit; compinit -u -d $HOME/.zcompdump; . $COMPLETIONS/ghostcm.zsh"},
	"fish": {"fish --no-config -i", ". $COMPLETIONS/ghostcm.fish"},
}

// bashCompletion is the package that bash needs for completions of any program;
// "" if it is not installed.
func bashCompletion() string {
	for _, file := range []string{
		"/usr/share/bash-completion/bash_completion", "/opt/homebrew/etc/profile.d/bash_completion.sh", "/usr/local/etc/bash_completion",
	} {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// canTab says whether Tab can be pressed in a shell here.
func canTab(shell string) bool {
	for _, program := range []string{shell, "script"} {
		if _, err := exec.LookPath(program); err != nil {
			return false
		}
	}
	return shell != "bash" || bashCompletion() != ""
}

// types types into a real shell on a terminal of its own, and checks what then
// stands on the command line: types bash 'ghostcm sta<Tab>' 'ghostcm status'. The
// expected line is a regular expression.
func types(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: types shell text pattern")
	}
	// Completions that ask Redis have little time, and then offer nothing: on a loaded
	// machine somebody would press Tab once more.
	var problem string
	for range 5 {
		if problem = typesOnce(ts, args[0], args[1], args[2]); problem == "" {
			return
		}
	}
	ts.Fatalf("in vain: %s", problem)
}

// typesOnce returns what is wrong, or nothing.
func typesOnce(ts *testscript.TestScript, shell, text, pattern string) string {
	t := startTyping(ts, shell)
	defer t.end()
	t.send(tabShells[shell][1] + "\recho set''up\r")
	if problem := t.await(`(?m)^setup\s*$`); problem != "" {
		return problem
	}
	// The line is shown by making it the argument of echo: Ctrl-A is its start.
	t.send(strings.ReplaceAll(text, "<Tab>", "\t") + "\x01echo line=\r")
	if problem := t.await(`(?m)^line=.*$`); problem != "" {
		return problem
	}
	return t.shows(`(?m)^line=` + pattern + `\s*$`)
}

// typist is a shell on a terminal, and somebody at it.
type typist struct {
	ts     *testscript.TestScript
	keys   io.WriteCloser
	screen *screen
	ended  chan error
	cancel context.CancelFunc
}

func startTyping(ts *testscript.TestScript, shell string) *typist {
	completions, err := filepath.Abs("../../completions")
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := exec.CommandContext(ctx, "script", "-qfec", tabShells[shell][0], "/dev/null")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "CM_API_KEY", "SITE1_NAME", "SITE1_GHOST_WEBHOOK_SECRET", "SITE1_CM_LIST_ID",
		"SITE2_NAME", "SITE2_GHOST_WEBHOOK_SECRET", "SITE2_CM_LIST_ID", "REDIS_URL", "STATE_DIR", "ALLOW_INSECURE_URLS", "CM_API_URL"} {
		if value := ts.Getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, "TERM=xterm", "COMPLETIONS="+completions, "COLUMNS=200")
	t := &typist{ts: ts, screen: &screen{}, ended: make(chan error, 1), cancel: cancel}
	cmd.Stdout, cmd.Stderr = t.screen, t.screen
	t.keys, err = cmd.StdinPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	go func() { t.ended <- cmd.Wait() }()
	return t
}

func (t *typist) send(keys string) {
	_, err := io.WriteString(t.keys, keys)
	t.ts.Check(err)
}

// await waits for a pattern, and returns what is shown in its stead.
func (t *typist) await(pattern string) (problem string) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if problem = t.shows(pattern); problem == "" {
			return ""
		}
	}
	return problem
}

func (t *typist) shows(pattern string) (problem string) {
	if shown := t.screen.text(); !regexp.MustCompile(pattern).MatchString(shown) {
		return "no " + pattern + " on the screen:\n" + shown
	}
	return ""
}

func (t *typist) end() {
	_ = t.keys.Close() // the terminal ends, and with it the shell
	t.cancel()
	<-t.ended
}

// screen is what a terminal was sent.
type screen struct {
	mu  sync.Mutex
	raw bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.Write(p)
}

// text leaves out what moves the cursor or colours letters.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	escapes := regexp.MustCompile("\x1b\\[[0-9;?>=]*[A-Za-z]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[()=>][0-9A-B]?|[\x07\x08\x0e\x0f]|\x1b[kM][^\x1b]*\x1b\\\\")
	return strings.ReplaceAll(escapes.ReplaceAllString(s.raw.String(), ""), "\r", "\n")
}
