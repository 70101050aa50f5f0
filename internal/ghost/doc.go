// Package ghost speaks with Ghost: it verifies and parses the webhooks that
// Ghost sends, reads members through Ghost's Admin API, and writes there what
// little ghostcm writes: the end of newsletters, the tiers and members that
// purchases make, and its own webhooks.
//
// It promises that nothing is believed before its signature is verified, that
// what a Ghost left out stays unknown (old versions leave keys out), that a list
// of members which is not whole is an error, and that no error holds a secret, a
// payload or an e-mail address. It leaves to others what an event means, where
// it is kept, and whether a failed call is repeated.
package ghost
