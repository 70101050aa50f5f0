package doctor

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/ghostcm/ghostcm/internal/spool"
)

// configuration tells the warnings that every start logs too.
func configuration(notes []Note) verdict {
	if len(notes) == 0 {
		return ok("nothing to warn of")
	}
	var texts []string
	for _, n := range notes {
		texts = append(texts, n.Key+" "+n.Text)
	}
	return warn("change these settings, or leave them if they are meant (docs/configuration.md)", "%s", strings.Join(texts, "; "))
}

// files says which files with secrets other users of this machine can read or
// change. The group may: a service's settings are usually root's, and readable by
// its group.
func (e *exam) files() verdict {
	var read, written []string
	there := 0
	for _, f := range e.Files {
		info, err := os.Stat(f)
		if err != nil {
			continue
		}
		there++
		if !info.Mode().IsRegular() {
			continue
		}
		if info.Mode().Perm()&0o002 != 0 {
			written = append(written, f)
		} else if info.Mode().Perm()&0o004 != 0 {
			read = append(read, f)
		}
	}
	remedy := "chmod 600 " + strings.Join(append(written, read...), " ")
	switch {
	case len(written) > 0:
		return fail(remedy, "every user of this machine can change %s", strings.Join(written, ", "))
	case len(read) > 0:
		return warn(remedy, "every user of this machine can read the secrets in %s", strings.Join(read, ", "))
	case there == 0:
		return ok("secrets are in no file that this command knows of")
	}
	return ok("no other user can read or change the secrets in %d %s", there, plural(there, "file", "files"))
}

// stateDir judges the directory of the spool and of run journals, which hold
// addresses.
func (e *exam) stateDir() verdict {
	remedy := "chmod 700 " + e.StateDir
	info, err := os.Stat(e.StateDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ok("%s does not exist yet, and is made when it is needed", e.StateDir)
	case err != nil:
		return fail("check who owns the directory of STATE_DIR, and as which user ghostcm runs", "%s cannot be looked at", e.StateDir)
	case !info.IsDir():
		return fail("set STATE_DIR to a directory that only ghostcm uses", "%s is no directory", e.StateDir)
	case info.Mode().Perm()&0o022 != 0:
		return fail(remedy, "other users of this machine can write into %s (mode %04o)", e.StateDir, info.Mode().Perm())
	case info.Mode().Perm()&0o055 != 0:
		return warn(remedy, "other users of this machine can look into %s (mode %04o)", e.StateDir, info.Mode().Perm())
	}
	return ok("%s is private", e.StateDir)
}

// spool tells what waits on this machine's disk for Redis. serve hands it in by
// itself, so what still lies there is the sign of a Redis that is away, or of a
// serve that does not run.
func (e *exam) spool() verdict {
	seen, err := spool.Look(spool.In(e.StateDir))
	switch {
	case err != nil:
		return fail("check who owns the directory of STATE_DIR, and as which user ghostcm runs", "the spool cannot be looked at")
	case len(seen.Aside) > 0:
		return fail("the log says why (spool.refused); mend that, and rename "+strings.Join(seen.Aside, ", ")+" in "+spool.In(e.StateDir)+
			" to end in .spool: serve hands it in again within a minute. Or enter by hand what is missing, and delete the file",
			"%d %s with deliveries that could not be handed in to Redis", len(seen.Aside), plural(len(seen.Aside), "file", "files"))
	case seen.Segments > 0:
		return warn("let Redis come back (the check redis says what is wrong), and serve run: it hands them in by itself",
			"deliveries wait on disk for Redis: %d KiB, the oldest for %s", (seen.Bytes+1023)/1024, span(e.Now().Sub(seen.Oldest)))
	}
	return ok("nothing waits on disk")
}
