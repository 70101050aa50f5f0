// Package spool keeps records on disk while they cannot go where they belong.
// It is for deliveries that Redis cannot take.
//
// It promises that a record which Put took survives the process and the machine;
// that records come out, at least once, in the order in which they went in; that
// damage to a file costs the records it hit and no other; and that a directory
// without waiting records holds no segment, so that whoever looks into it knows.
// Several processes may share a directory: each writes segments of its own, and
// takes over those of processes that have ended.
//
// It leaves to its user what a record means, and when it may leave. A segment is
// a text file of lines: eight hex digits, the CRC-32C of what follows the space,
// then a record as JSON. A line is part of the spool once its line feed is on
// disk; a tail without one was never acknowledged.
package spool
