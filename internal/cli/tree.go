package cli

import "github.com/spf13/cobra"

// Tree is the command tree without a process around it, for whoever writes the
// manual from it. Its commands are not for running.
func Tree() *cobra.Command { return newRootCommand(newApp(Options{Version: "v0"})) }
