package jobs

// Namespace is the prefix of every key of the queue. The braces keep all of them
// on one node of a Redis Cluster, which the library's scripts need.
const Namespace = "{ghostcm}"

// jobName is the only job name the library ever sees. With one name per kind, a
// process of another version would declare jobs it does not know dead, and the
// cost of a fetch grows with every name.
const jobName = "job"

// The library's keys: the layout of its last release, which is frozen.
const (
	queueKey    = Namespace + ":jobs:" + jobName
	lockKey     = queueKey + ":lock"
	lockInfoKey = queueKey + ":lock_info"
	retryKey    = Namespace + ":retry"
	deadKey     = Namespace + ":dead"
	poolsKey    = Namespace + ":worker_pools"
	// aliveKey is never written: deleting from it asks a node whether it takes writes.
	aliveKey = Namespace + ":alive"
	// wakeChannel is published to when a job is queued.
	wakeChannel = Namespace + ":wake"
)

func inProgressKey(poolID string) string { return queueKey + ":" + poolID + ":inprogress" }

func heartbeatKey(poolID string) string { return poolsKey + ":" + poolID }
