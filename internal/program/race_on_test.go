//go:build race

package program_test

// raced is whether the tests, and so the binary they run, watch for data races.
const raced = true
