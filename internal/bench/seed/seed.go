// Package seed is the stack of the program that ghostcm came from, FastAPI,
// uvicorn and rq, from Debian's packages and with one process each, as its README
// ran it. It is what a user of it would compare ghostcm with. The work of an event
// is the seed's; see the Python files.
package seed

import (
	"context"
	"embed"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed receiver.py tasks.py
var files embed.FS

const python = "/usr/bin/python3" // Debian's, which has Debian's packages

// Missing says why the stack cannot run here; "" if it can.
func Missing(ctx context.Context) string {
	check := exec.CommandContext(ctx, python, "-c", "import fastapi, uvicorn, rq, httpx, redis")
	if check.Run() != nil {
		return "the seed's stack is not installed: sh .make/deps.sh bench"
	}
	return ""
}

// Unpack writes the program into a directory.
func Unpack(dir string) error {
	for _, name := range []string{"receiver.py", "tasks.py"} {
		code, err := files.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), code, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Options is what the program is told.
type Options struct {
	Redis  string // URL
	Secret string
	List   string // URL of the list's subscribers: …/subscribers/{list}
	Key    string // API key
}

// Environ is the environment of its processes.
func (o Options) Environ() []string {
	return append(os.Environ(), "REDIS_URL="+o.Redis, "SECRET="+o.Secret, "CM_LIST="+o.List, "CM_KEY="+o.Key)
}

// Server is the command line of the receiver, to be run where it was unpacked.
func Server(port string) []string {
	return []string{python, "-m", "uvicorn", "receiver:app", "--host", "127.0.0.1", "--port", port,
		"--no-access-log", "--log-level", "warning"}
}

// Worker is the command line of the worker, the seed's own.
func Worker(redis string) []string {
	return []string{"/usr/bin/rq", "worker", "ghost-cm-sync", "--with-scheduler", "-u", redis, "-q"}
}

// Sync is the command line of a full sync of n members.
func Sync(n string) []string { return []string{python, "tasks.py", n} }
