package cli

import (
	"bufio"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/erasure"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
	"github.com/ghostcm/ghostcm/internal/store"
)

// documentedRights is the ACL of docs/redis.md on one line, with this password.
func documentedRights(t *testing.T, password string) string {
	t.Helper()
	block := regexp.MustCompile(`(?s)\nACL SETUSER.*?\n\x60\x60\x60`).FindString(readDoc(t, "docs/redis.md"))
	line := strings.Join(strings.Fields(strings.TrimSuffix(block, "```")), " ")
	if !strings.Contains(line, ">PASSWORD") {
		t.Fatalf("docs/redis.md has no ACL: %q", line)
	}
	return strings.Replace(line, ">PASSWORD", ">"+password, 1)
}

// askRedis sends one command as a person would type it, and returns the answer.
func askRedis(t *testing.T, socket, command string) string {
	t.Helper()
	conn, err := net.DialTimeout("unix", socket, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, command+"\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(answer), "+OK\r\n")
}

// A person who gives ghostcm the rights that the manual names must not find one
// missing at 3 am, in a script that runs once a year.
func TestTheRightsInTheManualAreAllThatRedisIsAskedFor(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	if answer := askRedis(t, server.Socket(), documentedRights(t, "hunter2")); answer != "+OK\r\n" {
		t.Fatalf("Redis does not take the ACL: %s", answer)
	}
	defer func() { // also when the play has failed because of it
		if denied := askRedis(t, server.Socket(), "ACL LOG"); denied != "*0\r\n" {
			t.Errorf("Redis refused:\n%s", denied)
		}
	}()
	playOn(t, "unix://ghostcm:hunter2@"+server.Socket())
	for _, script := range scriptCommands(t) {
		if !strings.Contains(documentedRights(t, "x")+" ", " +"+script+" ") {
			t.Errorf("a script calls %s, which the manual does not allow", script)
		}
	}
}

// Whoever looks into Redis has to find every key explained.
func TestTheManualExplainsEveryKey(t *testing.T) {
	t.Parallel()
	page := readDoc(t, "docs/redis.md")
	source := readDoc(t, "internal/store/keys.go") + readDoc(t, "internal/store/payment_keys.go") + readDoc(t, "internal/jobs/keys.go")
	keys := regexp.MustCompile(`(?:amespace \+ "|//\t\{ghostcm\}):?([a-z_]+)`).FindAllStringSubmatch(source, -1)
	if len(keys) < 25 {
		t.Fatalf("found only %d keys", len(keys))
	}
	for _, key := range keys {
		if !strings.Contains(page, "`{ghostcm}:"+key[1]) {
			t.Errorf("docs/redis.md does not explain {ghostcm}:%s", key[1])
		}
	}
}

// scriptCommands are the commands that ghostcm's own scripts call.
func scriptCommands(t *testing.T) (commands []string) {
	t.Helper()
	for _, dir := range []string{"../store", "../jobs"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			for _, call := range regexp.MustCompile(`redis\.call\('(\w+)'`).FindAllStringSubmatch(readDoc(t, "internal/cli/"+dir+"/"+e.Name()), -1) {
				commands = append(commands, call[1])
			}
		}
	}
	if len(commands) < 20 {
		t.Fatalf("found only %d calls in scripts", len(commands))
	}
	return commands
}

// playOn runs the whole program on a Redis: a member's life, a dead letter, and
// what commands ask.
func playOn(t *testing.T, redisURL string) {
	t.Helper()
	ghost, list := ghosttest.Run(t, ghosttest.Options{}), cmtest.Run(t, cmtest.Options{})
	listID := list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})
	list.AddField(listID, "ghost_status", "Text")
	cfg, err := config.Load(config.Options{Dir: t.TempDir(), Environ: []string{
		"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=" + list.URL(), "REDIS_URL=" + redisURL, "ALLOW_INSECURE_URLS=true",
		"STATE_DIR=" + t.TempDir(), "RETRY_SCHEDULE=1s", "SITE1_NAME=blog", "SITE1_GHOST_WEBHOOK_SECRET=hunter2hunter2",
		"SITE1_CM_LIST_ID=" + listID, "SITE1_GHOST_URL=" + ghost.URL(), "SITE1_GHOST_ADMIN_API_KEY=" + ghost.AdminKey(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := program.Open(program.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Drain: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	url, stop := serveBoth(t, opened)
	defer stop()
	ghost.Webhooks(func(event string) string { return url + "/webhook/ghost/blog?event=" + event }, "hunter2hunter2")
	liveALife(t, ghost, opened)
	if s, ok := list.Subscriber(listID, "jo@example.net"); !ok || s.State == "Active" {
		t.Fatalf("the life did not reach the list: %+v, %t", s, ok)
	}
	askRarely(t, opened)
}

func serveBoth(t *testing.T, p *program.Program) (url string, stop func()) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Both(ctx, ln); err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	return "http://" + ln.Addr().String(), func() { cancel(); running.Wait() }
}

// liveALife is a member's life with everything in it that is kept.
func liveALife(t *testing.T, ghost *ghosttest.Server, p *program.Program) {
	t.Helper()
	m, err := ghost.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	comeToRest(t, ghost, p)
	if err := ghost.EditMember(m.ID, func(m *ghosttest.Member) { m.Status, m.Email = "paid", "jo@example.net" }); err != nil {
		t.Fatal(err)
	}
	comeToRest(t, ghost, p)
	if err := ghost.DeleteMember(m.ID); err != nil {
		t.Fatal(err)
	}
	comeToRest(t, ghost, p)
}

// comeToRest waits until every webhook is sent and nothing is left to do.
func comeToRest(t *testing.T, ghost *ghosttest.Server, p *program.Program) {
	t.Helper()
	ghost.Flush()
	deadline := time.Now().Add(20 * time.Second)
	for {
		seen, err := p.Overview(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if seen.Inbox.Members == 0 && seen.Queue.Depth == 0 && seen.Queue.Running == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to rest: %+v", seen)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// askRarely asks for what happens rarely.
func askRarely(t *testing.T, p *program.Program) {
	t.Helper()
	ctx, s, pace := t.Context(), p.Store, store.Pace{PerSecond: 10, Burst: 20}
	id, err := p.Queue.Enqueue(ctx, jobs.Spec{Kind: "member", Site: "elsewhere", Key: "0123456789abcdef01234567"})
	if err != nil {
		t.Fatal(err)
	}
	var letters []jobs.DeadLetter
	for deadline := time.Now().Add(20 * time.Second); len(letters) == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for letter, err := range p.Queue.Dead(ctx, jobs.DeadFilter{ID: id}) {
			if err != nil {
				t.Fatal(err)
			}
			letters = append(letters, letter)
		}
	}
	if len(letters) == 0 {
		t.Fatal("a job of an unknown site did not become a dead letter")
	}
	failures := []error{s.HoldBack(ctx, "blog", pace, time.Second), s.Refund(ctx, "blog", pace)}
	note := func(_ any, err error) { failures = append(failures, err) }
	note(s.Pause(ctx, "blog", "ghost", "a test"))
	note(s.Succeed(ctx, "blog", "ghost"))
	note(s.Fail(ctx, "blog", "ghost", "a test"))
	note(s.AllowVanished(ctx, "blog", "0123456789abcdef01234567"))
	note(s.Overdue(ctx, time.Now(), 10))
	note(s.Requeue(ctx, store.Overdue{Site: "blog", ID: "none"}, store.Job{QueueKey: jobs.Encode(jobs.Spec{}).QueueKey}))
	note(p.Queue.Expedite(ctx, "blog"))
	_, ends, err := p.Activity(ctx, program.ActivityQuery{})
	note(ends, err)
	note(s.NextActivity(ctx, ends, time.Millisecond))
	note(p.Doctor(ctx, program.Examination{Fix: true, PublicURL: "http://127.0.0.1:1"}))
	note(nil, s.ForgetHook(ctx, "blog", "member.added"))
	_, _, err = p.Forget(ctx, "blog", "jo@example.net", "a test", func(erasure.Person, erasure.Outcome) (bool, error) { return true, nil })
	note(nil, err)
	note(p.Queue.Replay(ctx, letters[0], jobs.Revival{}))
	failures = append(failures, askForPayments(t, s)...)
	for _, err := range append(failures, askForSync(t, s)...) {
		if err != nil {
			t.Error(err)
		}
	}
}

// askForSync asks what a full sync and a scheduled catch-up ask.
func askForSync(t *testing.T, s *store.Store) (failures []error) {
	t.Helper()
	const id = "0123456789abcdef01234567"
	ctx, note := t.Context(), func(_ any, err error) { failures = append(failures, err) }
	note(s.ClaimCatchUp(ctx, "quiet", time.Minute, time.Hour, "a test"))
	run, err := s.OpenRun(ctx, "quiet", time.Minute, "a test")
	if err != nil {
		t.Fatal(err)
	}
	batch, _, err := s.LockBatch(ctx, "quiet", []store.Claim{{ID: id, Emails: []string{"jo@example.org"}}}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	note(s.Recall(ctx, "quiet", []string{id}))
	note(s.RecallAddresses(ctx, "quiet", []string{"jo@example.org"}))
	note(batch.Save(ctx, []*member.Case{{ID: id, Memory: member.Memory{DeletedAt: 1}}}))
	job := jobs.Encode(jobs.Spec{Kind: "member", Site: "quiet", Key: id})
	note(s.Pending(ctx, "quiet", []string{id}))
	note(s.VanishedLeft(ctx, "quiet"))
	census := member.NewCensus(1)
	for range 2 { // the second takes the place of the first
		failures = append(failures, census.Add(id, rand.Text()), s.SaveCensus(ctx, "quiet", census.Census()))
		census = member.NewCensus(1)
	}
	note(s.CatchUps(ctx, []string{"quiet"}))
	_, _, err = s.LoadCensus(ctx, "quiet")
	_, _, resumed := run.Resume(ctx)
	failures = append(failures, err, resumed, run.Renew(ctx), run.Checkpoint(ctx, store.Checkpoint{}), batch.Unlock(ctx), run.Finish(ctx),
		s.AskFullWalk(ctx, "quiet", "a test"),
		s.Mark(ctx, "quiet", []store.Mark{{ID: id, Job: store.Job{ID: job.ID, QueueKey: job.QueueKey, Raw: job.Raw, WakeChannel: job.WakeChannel}}}))
	note(s.FinishCatchUp(ctx, "quiet", store.Outcome{Who: "a test", Next: time.Minute}))
	return failures
}
