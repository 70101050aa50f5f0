package cli

import (
	"time"

	"github.com/ghostcm/ghostcm/internal/program"
)

// moment reads a time as people give it to --from and --to. Its errors are usage
// errors.
func moment(flag, text string, now time.Time, last bool) (time.Time, error) {
	at, err := program.Moment(text, now, last)
	if err != nil {
		return at, usageError("--" + flag + " " + err.Error())
	}
	return at, nil
}
