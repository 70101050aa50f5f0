//go:build !linux

package redisserver

import "syscall"

// Other systems have no death signal: a server that outlives ghostcm is asked to
// stop by the next Start on its directory.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
