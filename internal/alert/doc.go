// Package alert tells a person what needs one: it posts a signed message to the
// operator's receiver when jobs have died, a site fell silent, is paused or fails,
// removals are held, work does not move, or a purchase has no tier; and pings a
// monitor while work is done, so that even its own end is noticed.
//
// It promises that any number of processes tell a thing once, and again at most
// every 15 minutes with what came meanwhile; that the end of what lasts is told
// once; that no message holds an address, a payload or a secret; that nobody who
// reports waits; and that what could not be delivered is kept in Redis and tried
// again. A message may come twice with the same id.
//
// It leaves the noticing to others where they know best: it is told of dead
// letters and purchases, and reads the rest from Redis. Where requests may go is
// decided in package egress.
package alert
