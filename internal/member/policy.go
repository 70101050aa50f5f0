package member

// Policy is what the operator chose for a site.
type Policy struct {
	OnDelete     DeletePolicy
	OnOptOut     OptOutPolicy
	OnSuppressed OptOutPolicy
	Resubscribe  ResubscribePolicy
}

// DeletePolicy says what becomes of the subscriber of a deleted member.
type DeletePolicy string

// The choices of SITEN_ON_DELETE.
const (
	DeleteUnsubscribes DeletePolicy = "unsubscribe"
	DeleteDeletes      DeletePolicy = "delete"
	DeleteKeeps        DeletePolicy = "keep"
)

// OptOutPolicy says whether an opt-out in Ghost only shows in a field.
type OptOutPolicy string

// The choices of SITEN_ON_OPT_OUT and SITEN_ON_SUPPRESSED.
const (
	OptOutField        OptOutPolicy = "field"
	OptOutUnsubscribes OptOutPolicy = "unsubscribe"
)

// ResubscribePolicy says whether an opt-in in Ghost undoes an opt-out.
type ResubscribePolicy string

// The choices of SITEN_RESUBSCRIBE.
const (
	ResubscribeNever       ResubscribePolicy = "never"
	ResubscribeGhostOptIns ResubscribePolicy = "ghost-opt-in"
)
