package doctor

import (
	"errors"
	"fmt"
)

// Status is how a check ended.
type Status string

// The verdicts. What warns works, but should be known, or could not be checked.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Finding is what a check found.
type Finding struct {
	Site   string `json:"site"` // "" for what all sites share
	Name   string `json:"name"` // of the check; see Names
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy"` // what to do next; "" if there is nothing
}

// Action is something that mending did, or tried to.
type Action struct {
	Site string `json:"site"`
	What string `json:"what"`
	// Failed is why it did not work; "" if it did.
	Failed string `json:"failed,omitempty"`
}

// Report is an examination as a whole.
type Report struct {
	Findings []Finding // in the order of Names, site after site
	Actions  []Action  // of mending, in the order in which they were done
}

// Count says how many findings have a status.
func (r Report) Count(s Status) (n int) {
	for _, f := range r.Findings {
		if f.Status == s {
			n++
		}
	}
	return n
}

// verdict is a finding without where it was found. The zero verdict says that
// the check does not apply, and is left out.
type verdict struct {
	status         Status
	detail, remedy string
}

func ok(format string, args ...any) verdict {
	return verdict{status: OK, detail: fmt.Sprintf(format, args...)}
}

func warn(remedy, format string, args ...any) verdict {
	return verdict{Warn, fmt.Sprintf(format, args...), remedy}
}

func fail(remedy, format string, args ...any) verdict {
	return verdict{Fail, fmt.Sprintf(format, args...), remedy}
}

// failed is for a question that went wrong, by an error that is safe to show.
func failed(err error, remedy string) verdict {
	if errors.Is(err, errOver) {
		return notChecked(err.Error())
	}
	return fail(remedy, "%s", err)
}

// notChecked is for what cannot be told before something else is mended.
func notChecked(why string) verdict { return verdict{status: Warn, detail: "not checked: " + why} }
