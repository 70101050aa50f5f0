package reconcile

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrLocked says that another run holds the site.
type ErrLocked struct {
	Site, Who string
	Since     time.Time
}

func (e *ErrLocked) Error() string {
	return fmt.Sprintf("site %s: another sync has been at it since %s (%s)", e.Site, e.Since.UTC().Format(time.RFC3339), e.Who)
}

// FieldsMissingError says that the list lacks custom fields: Campaign Monitor
// would drop their values without a word.
type FieldsMissingError struct {
	Site   string
	Fields []string
}

func (e *FieldsMissingError) Error() string {
	return fmt.Sprintf("site %s: the list has no custom fields %s of type Text or Date", e.Site, strings.Join(e.Fields, ", "))
}

var (
	// ErrNoAdminKey says that the site has no Admin API key: its members cannot be
	// listed.
	ErrNoAdminKey = errors.New("the site has no Ghost Admin API key: set SITEN_GHOST_URL and SITEN_GHOST_ADMIN_API_KEY")
	// ErrRefused says that a question was answered with no. What was done before it
	// stays done.
	ErrRefused = errors.New("not confirmed")
	// ErrNoJournal says that a run to be reverted left no journal, or that it is too
	// old.
	ErrNoJournal = errors.New("no journal of such a run")
)
