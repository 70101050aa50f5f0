// Package redisserver runs a redis-server of ghostcm's own: the durable default
// for one machine that has no Redis.
//
// It promises that the server's data survives any death of either process (an
// append-only file, synced every second), that the server is restarted when it
// dies, that two servers never run on one directory, and that nothing is left
// running after Stop, nor, on Linux, after a SIGKILL of ghostcm. The server
// listens on a unix socket that only its owner can open, and on no port.
//
// It leaves talking to the server to package store, which opens URL, and
// servers that somebody else runs to their owners. It needs a Unix.
package redisserver
