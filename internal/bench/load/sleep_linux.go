package load

import (
	"syscall"
	"time"
)

// sleep sleeps in the kernel: Go's timers are up to a millisecond late in an idle
// process.
func sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	left := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}
