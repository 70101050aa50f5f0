//go:build !race

package programtest

// Raced is whether the tests, and so the binary they run, watch for data races.
const Raced = false
