// Package reconcile makes any list right: it holds a whole Ghost against a whole
// list, and brings every subscriber to what package member decides on, a
// thousand at a time.
//
// It promises that a dry run goes the same way and writes nothing; that nobody
// is made active who opted out; that an event which arrives meanwhile wins over
// what the run had read; that a run which was cut short at any point leaves
// nothing done by halves, and that the next one goes on from there; and that it
// holds at most 100 bytes of memory for each member. What an import cannot do
// (changes of address, fields of people who opted out, removals) it hands over
// to the workers. It leaves every decision about one subscriber to package
// member, the locks and the memory to package store, and asking people to the
// commands.
package reconcile
