package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the binary knows of how it was made.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Built    string `json:"commit_time,omitempty"` // RFC 3339
	Modified bool   `json:"modified"`              // whether the checkout had changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// version prefers what the linker said to what Go recorded.
func (a *app) version() build {
	b := build{Version: a.linkedVersion, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		b.Version = cmp.Or(b.Version, "dev")
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Built = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	recorded := info.Main.Version
	if recorded == "(devel)" {
		recorded = ""
	}
	b.Version = cmp.Or(b.Version, recorded, "dev")
	return b
}

// String is the version on one line.
func (b build) String() string {
	s := "ghostcm " + b.Version
	if b.Commit != "" {
		s += " (commit " + b.Commit[:min(len(b.Commit), 12)] + ", " + b.Built + ")"
	}
	return s + " " + b.Go + " " + b.Platform
}

func newVersionCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Show the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return a.writeJSON(a.version())
			}
			_, err := fmt.Fprintln(a.stdout, a.version())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}
