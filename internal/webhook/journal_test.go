package webhook_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

func TestAnAcceptedWebhookLeavesOneRecord(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *webhook.GhostOptions) { o.NewID = func() string { return "e1" } })
	d.knock(t, attempt{header: ghost.Sign([]byte(plain), []byte(secret), now.Add(-time.Second))})
	records := d.log.records(t)
	for _, r := range records {
		delete(r, "time")
	}
	want := []map[string]any{{
		"level": "INFO", "msg": "webhook.accepted", "event_id": "e1", "job_id": "job-e1", "site": "blog",
		"event_type": "member.added", "member_id": "650000000000000000000001",
		"email_hash": "d108b279434f", // of reader@example.com
		"bytes":      float64(len(plain)), "latency_ms": 0.0, "sent_ms_ago": 1000.0, "coalesced": false,
	}}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestARefusalSaysWhyWithoutSayingWhat(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *webhook.GhostOptions) { o.NewID = func() string { return "e1" } })
	d.knock(t, attempt{path: "/webhook/ghost/nobody"})
	d.knock(t, attempt{body: "{"})
	records := d.log.records(t)
	for _, r := range records {
		delete(r, "time")
		delete(r, "error")
	}
	want := []map[string]any{
		{"level": "WARN", "msg": "webhook.refused", "event_id": "e1", "reason": "unknown_site", "bytes": 0.0, "latency_ms": 0.0},
		{"level": "WARN", "msg": "webhook.refused", "event_id": "e1", "reason": "invalid_payload", "bytes": 1.0,
			"latency_ms": 0.0, "site": "blog", "sent_ms_ago": 0.0},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// marked stands for what must never be written down: it is in the secret, in
// every part of each request, and in the answers that might echo it.
const marked = "xyzzy"

func TestNothingOfARequestIsWrittenDownOrEchoed(t *testing.T) {
	t.Parallel()
	key := "key-" + marked
	body := strings.NewReplacer("Reader@", marked+"@", `"Reader"`, `"`+marked+`"`).Replace(plain)
	d := open(t, func(o *webhook.GhostOptions) {
		o.Sites = []webhook.Site{{Name: "blog", Secrets: [][]byte{[]byte(key)}}}
	})
	good := ghost.Sign([]byte(body), []byte(key), now)
	broken := `{"event":"` + marked + `","member":"` + marked + `"`
	attempts := []attempt{
		{body: body, header: good},
		{body: body, header: good, path: "/webhook/ghost/blog?event=" + marked},
		{body: body, header: good, path: "/webhook/ghost/" + marked},
		{body: body, header: good, path: "/webhook/ghost/" + marked + "%20"},
		{body: body, header: good, path: "/webhook/" + marked + "/blog"},
		{body: body, header: marked},
		{body: body, header: "sha256=" + marked + ", t=" + marked},
		{body: body + marked, header: good},
		{body: body, header: ghost.Sign([]byte(body), []byte(key), now.Add(-time.Hour))},
		{body: broken, header: ghost.Sign([]byte(broken), []byte(key), now)},
		{body: strings.Repeat(marked, 1<<18), header: good},
	}
	for _, code := range []string{`"id":"650000000000000000000001"`, `"email":"` + marked + `@Example.com"`} {
		half := strings.Replace(body, code, `"x":"`+marked+`"`, 1)
		attempts = append(attempts, attempt{body: half, header: ghost.Sign([]byte(half), []byte(key), now)})
	}
	for _, a := range attempts {
		if got := d.knock(t, a); strings.Contains(got.body, marked) {
			t.Errorf("the answer echoes the request: %s", got.body)
		}
	}
	if n := len(d.log.records(t)); n != len(attempts) {
		t.Errorf("%d records of %d requests", n, len(attempts))
	}
	if log := d.log.String(); strings.Contains(log, marked) || strings.Contains(log, "@") {
		t.Errorf("the log holds what it must not:\n%s", log)
	}
	for _, o := range d.observed() {
		if strings.Contains(o.Site+o.Event+o.Result, marked) {
			t.Errorf("counted under what was sent: %+v", o)
		}
	}
}

func TestStrangersDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	d := open(t, func(o *webhook.GhostOptions) {
		o.Now = func() time.Time { return now.Add(time.Duration(clock.Load())) }
	})
	for range 100 {
		d.knock(t, attempt{header: "-"})
	}
	if n := len(d.log.records(t)); n != 20 {
		t.Errorf("%d records of 100 refusals, want 20", n)
	}
	// Neither another reason nor another site is kept out by them.
	d.knock(t, attempt{header: "nonsense"})
	d.knock(t, attempt{header: "-", path: "/webhook/ghost/old"})
	if n := len(d.log.records(t)); n != 22 {
		t.Errorf("%d records, want 22", n)
	}
	clock.Store(int64(10 * time.Second))
	d.knock(t, attempt{header: "-"})
	records := d.log.records(t)
	if last := records[len(records)-1]; last["not_logged"] != 80.0 {
		t.Errorf("the next record is %v, want it to count the 80 that were left out", last)
	}
	if n := len(d.observed()); n != 103 {
		t.Errorf("%d requests counted, want all 103", n)
	}
}

func TestTheReasonOfAnUnavailableInboxIsInTheRecord(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *webhook.GhostOptions) { o.Inbox = &inbox{err: errors.New("redis: connection refused")} })
	d.knock(t, attempt{})
	if record := d.log.records(t)[0]; record["error"] != "redis: connection refused" || record["reason"] != "unavailable" {
		t.Errorf("record %v", record)
	}
}
