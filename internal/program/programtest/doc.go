// Package programtest gives tests real processes of ghostcm: it builds the binary
// once for all tests of a run, watched for data races where the tests are, and
// starts, signals and kills what runs it.
//
// It promises that Kill leaves no process behind. It leaves to the tests what a
// process is told, and to call Remove when all of them are done.
package programtest
