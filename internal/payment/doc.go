// Package payment knows purchases: what a payment provider says (Normalise), whether
// it was the provider who said it (Verify), and what access follows from all that was
// said (Entitlement, Desired).
//
// It promises to be pure: the same bytes give the same events, in any order, however
// often they come, and no clock, network or log is touched. Every fact that could
// change somebody's access becomes an event or an *Unreadable error with its remedy;
// none becomes nothing.
//
// Storing deliveries, asking providers and writing to Ghost are left to others.
package payment
