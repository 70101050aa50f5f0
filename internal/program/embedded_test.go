package program_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/redisserver"
)

func TestAKilledProcessWithItsOwnRedisLosesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the leases of killed workers have to end")
	}
	state := t.TempDir()
	o := rigOptions{noAdmin: true, noProgram: true, env: []string{"STATE_DIR=" + state}, list: cmtest.Options{Delay: time.Second}}
	r := newRig(t, o)
	url, err := redisserver.URL(filepath.Join(state, "redis"))
	if err != nil {
		t.Fatal(err)
	}
	r.redis = url
	r.Program = r.open(o) // to look at what is waiting
	m := newMachine(r, o)
	site := m.sites[0]

	serving := m.run("serve", "--worker", "--embedded-redis")
	for i := range 50 {
		if _, err := site.AddMember(ghosttest.Member{Email: fmt.Sprintf("kept.%d@example.org", i)}); err != nil {
			t.Fatal(err)
		}
	}
	site.Flush()
	for _, sent := range site.Sent() {
		if sent.Status != 202 {
			t.Fatalf("a webhook was answered %d, %v", sent.Status, sent.Err)
		}
	}
	m.eventually("everything is in the file", 10*time.Second, func() string { return unwritten(t, url) })
	serving.kill()
	m.eventually("its Redis is gone", 5*time.Second, func() string { return alive(m.redisPIDs()[0]) })
	if n := len(m.list.Subscribers(site.listID)); n == 50 {
		t.Fatal("everything was done before the kill")
	}

	m.list.SetDelay(0)
	serving = m.run("serve", "--worker", "--embedded-redis")
	m.eventually("recovered", 60*time.Second, m.settled)
	if problem := m.agrees(site); problem != "" {
		t.Error(problem)
	}
	m.clean()
	serving.signal(syscall.SIGTERM)
	serving.exits(0, 20*time.Second)
	for _, pid := range m.redisPIDs() {
		if problem := alive(pid); problem != "" {
			t.Error(problem)
		}
	}
	m.discreet(t, "example.org", secret, cmtest.DefaultKey)
}

// unwritten says what Redis has yet to write to its append-only file. Until then
// a kill of the machine's processes may lose what was acknowledged last.
func unwritten(t *testing.T, url string) string {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	info, err := client.Info(t.Context(), "persistence").Result()
	if err != nil {
		return err.Error()
	}
	if !strings.Contains(info, "aof_buffer_length:0\r\n") {
		return "it has a buffer"
	}
	return ""
}

// redisPIDs are the processes of the embedded Redis, in the order of their starts.
func (m *machine) redisPIDs() (pids []int) {
	for line := range strings.Lines(m.log.String()) {
		var record struct {
			Msg string
			PID int
		}
		if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "redis.ready" {
			pids = append(pids, record.PID)
		}
	}
	return pids
}

// alive is empty once the process is gone.
func alive(pid int) string {
	if err := syscall.Kill(pid, 0); err != nil {
		return ""
	}
	return fmt.Sprintf("redis-server %d still lives", pid)
}
