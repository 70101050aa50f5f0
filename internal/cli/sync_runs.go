package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func newSyncRunsCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs whose journals are kept, the latest first",
		Long: "List the runs that can be undone, the latest first. It looks into STATE_DIR/runs and connects to\n" +
			"nothing; a run stands there on the machine where it ran.\n\n" +
			`--json writes one document: {"runs": [{"run_id", "site", "began_at", "reverts"}]}`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.runs(asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

// keptView is a run in the JSON of sync runs.
type keptView struct {
	ID      string    `json:"run_id"`
	Site    string    `json:"site"`
	BeganAt time.Time `json:"began_at"`
	Reverts string    `json:"reverts,omitempty"` // the run that it undid
}

func (a *app) runs(asJSON bool) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	kept, err := reconcile.Runs(cfg.StateDir)
	if err != nil {
		return err
	}
	views, rows := []keptView{}, [][]string{}
	for _, r := range kept {
		views = append(views, keptView{r.ID, r.Site, r.Began.UTC(), r.Reverts})
		rows = append(rows, []string{r.ID, r.Site, r.Began.In(a.now().Location()).Format(time.DateTime), dash(r.Reverts)})
	}
	switch {
	case asJSON:
		return a.writeJSON(map[string]any{"runs": views})
	case len(rows) == 0:
		a.notef("No journals of runs in %s.", cfg.StateDir)
		return nil
	}
	return a.table([]string{"Run", "Site", "Began", "Reverts"}, rows)
}

// findRun finds a run by its id. Its error is a usage error.
func findRun(cfg *config.Config, id string) (reconcile.Kept, error) {
	kept, err := reconcile.Runs(cfg.StateDir)
	if err != nil {
		return reconcile.Kept{}, err
	}
	for _, r := range kept {
		if r.ID == id {
			return r, nil
		}
	}
	return reconcile.Kept{}, usageError(fmt.Sprintf("there is no journal of a run %q here; ghostcm sync runs lists them", printable(id)))
}

// completeRuns offers the ids of runs, with site and time, without network.
func (a *app) completeRuns(args []string, begun string) (offered []string) {
	cfg, err := a.config()
	if err != nil || len(args) > 0 {
		return nil
	}
	kept, _ := reconcile.Runs(cfg.StateDir) // Tab has nowhere to complain
	for _, r := range kept {
		if strings.HasPrefix(r.ID, begun) {
			offered = append(offered, cobra.CompletionWithDesc(r.ID, r.Site+", "+r.Began.In(a.now().Location()).Format(time.DateTime)))
		}
	}
	return offered
}
