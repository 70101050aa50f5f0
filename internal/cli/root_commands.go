package cli

import "github.com/spf13/cobra"

// commands lists every command, in the order of the manual. Each is made by a
// constructor in the file that is named for it.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		newServeCommand(a),
		newWorkerCommand(a),
		newStatusCommand(a),
		newSyncCommand(a),
		newDLQCommand(a),
		newPaymentsCommand(a),
		newEventsCommand(a),
		newTraceCommand(a),
		newForgetCommand(a),
		newDoctorCommand(a),
		newDemoCommand(a),
		newSitesCommand(a),
		newVersionCommand(a),
	}
}
