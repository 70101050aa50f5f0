package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
)

// section writes one of several tables. On a terminal they stand under each
// other; into a pipe each line starts with the table's name, so that one can be
// picked by it. A table without rows is left out.
func (a *app) section(name string, header []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	if a.terminal {
		if _, err := fmt.Fprintln(a.stdout); err != nil {
			return err
		}
		return a.table(header, rows)
	}
	named := make([][]string, len(rows))
	for i, row := range rows {
		named[i] = append([]string{name}, row...)
	}
	return a.table(header, named)
}

func count(n int) string { return strconv.Itoa(n) }

// ago is a time span for people: its largest two units, at least a second.
func ago(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Hour:
		return d.Truncate(time.Second).String()
	case d < 48*time.Hour:
		return config.FormatDuration(d.Truncate(time.Minute))
	}
	return config.FormatDuration(d.Truncate(24 * time.Hour))
}
