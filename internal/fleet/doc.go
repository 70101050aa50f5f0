// Package fleet holds the test of everything at once: three serve and three worker
// processes of the real binary on one real Redis, two publications of which one
// sells access, and every fault that a machine, a network, Ghost, Campaign Monitor
// and Redis can have. It has no code but tests.
//
// The tests promise that what was acknowledged is accounted for afterwards: a book
// keeps each webhook and purchase with whether it was, and a checker holds Ghost,
// the lists, the ledger and what is left in Redis against it. Everything random
// comes from a seed, which is printed.
//
// The short form runs with all other tests. `make chaos` is the long one, and knows
// faults that take minutes. Both leave it to the tests of package program how one
// fault ends when it comes alone.
package fleet
