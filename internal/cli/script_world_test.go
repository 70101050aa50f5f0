package cli_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/provider/providertest"
	"github.com/ghostcm/ghostcm/internal/redisserver"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// patience is how long a script waits for what has to happen.
const patience = 2 * time.Minute

// world is what a script has around ghostcm, made by the command "world": a
// Redis, a Ghost called blog, a Campaign Monitor, and the settings to reach them.
type world struct {
	ghost  *ghosttest.Server
	list   *cmtest.Server
	listID string
	books  *providertest.Books // of Polar, once it sells
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world {
	w, ok := ts.Value(worldKey{}).(*world)
	if !ok || w.ghost == nil {
		ts.Fatalf("there is no world yet")
	}
	return w
}

// worldCommands are what scripts can do to the world, and ask of it.
func worldCommands(t *testing.T) map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits,
		"world": func(ts *testscript.TestScript, _ bool, args []string) {
			makeWorld(t, ts, ghosttest.Options{Stripe: slices.Contains(args, "stripe")})
		},
		"port":  func(ts *testscript.TestScript, _ bool, _ []string) { ts.Setenv("PORT", freePort(ts)) },
		"joins": joins, "leaves": leaves, "subscribed": subscribed, "refuses": refuses, "answers": answers, "shows": shows, "reads": reads, "occupied": occupied, "types": types,
		"twosites": func(ts *testscript.TestScript, _ bool, _ []string) { twoSites(t, ts) },
		"departs":  departs, "vanishes": vanishes,
		"hasfields": hasFields, "haswebhooks": hasWebhooks,
	}
}

func hasRedis(condition string) (bool, error) {
	if shell, isTab := strings.CutPrefix(condition, "tab:"); isTab {
		return canTab(shell), nil
	}
	if condition != "redis" {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	_, err := redisserver.FindBinary()
	return err == nil, nil
}

func makeWorld(t *testing.T, ts *testscript.TestScript, o ghosttest.Options) {
	w, ok := ts.Value(worldKey{}).(*world)
	if !ok {
		ts.Fatalf("the scripts are set up without a world")
	}
	w.ghost, w.list = ghosttest.Run(t, o), cmtest.Run(t, cmtest.Options{})
	w.listID = w.list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})
	for _, field := range []string{"ghost_status", "ghost_signup_date", "ghost_last_updated", "ghost_status_changed_at",
		"ghost_previous_status", "ghost_labels", "ghost_email_enabled"} {
		w.list.AddField(w.listID, field, "Text")
	}
	redis := redistest.Start(t)
	for name, value := range map[string]string{
		"REDIS_URL": redis, "WRONG_REDIS_URL": strings.Replace(redis, "://", "://nobody:hunter2@", 1),
		"PORT": freePort(ts), "STATE_DIR": ts.MkAbs("state"), "ALLOW_INSECURE_URLS": "true",
		"CM_API_URL": w.list.URL(), "CM_API_KEY": cmtest.DefaultKey,
		"SITE1_NAME": "blog", "SITE1_CM_LIST_ID": w.listID, "SITE1_GHOST_WEBHOOK_SECRET": "hunter2-of-the-blog",
	} {
		ts.Setenv(name, value)
	}
	url := "http://127.0.0.1:" + ts.Getenv("PORT") + "/webhook/ghost/blog"
	w.ghost.Webhooks(func(event string) string { return url + "?event=" + event }, "hunter2-of-the-blog")
}

// freePort is below the range from which connections get theirs, so that it is
// still free when ghostcm listens on it.
func freePort(ts *testscript.TestScript) string {
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		if ln, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			ln.Close()
			return port
		}
	}
	ts.Fatalf("no port is free")
	return ""
}

// joins makes members of the blog: joins jo@example.org.
func joins(ts *testscript.TestScript, _ bool, emails []string) {
	for _, email := range emails {
		_, err := worldOf(ts).ghost.AddMember(ghosttest.Member{Email: email})
		ts.Check(err)
	}
	worldOf(ts).ghost.Flush()
}

// subscribed waits until an address is active on the list.
func subscribed(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	until(ts, func() string {
		s, _ := w.list.Subscriber(w.listID, args[0])
		if s.State != "Active" {
			return fmt.Sprintf("the subscriber is %q", s.State)
		}
		return ""
	})
}

// leaves has somebody unsubscribe in Campaign Monitor: leaves jo@example.org.
func leaves(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if !w.list.SetState(w.listID, args[0], "Unsubscribed") {
		ts.Fatalf("no such subscriber")
	}
}

// refuses makes Campaign Monitor refuse everything.
func refuses(ts *testscript.TestScript, neg bool, _ []string) { worldOf(ts).list.SetDown(!neg) }

// answers waits until ghostcm answers a path with a status: answers 200 /readyz.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	url := "http://127.0.0.1:" + ts.Getenv("PORT") + args[1]
	until(ts, func() string {
		resp, err := http.Get(url)
		if err != nil {
			return err.Error()
		}
		resp.Body.Close()
		if got := strconv.Itoa(resp.StatusCode); got != args[0] {
			return "it answers " + got
		}
		return ""
	})
}

// shows repeats a command until its output matches: shows '^queue\t0' ghostcm status.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	until(ts, func() string {
		if err := ts.Exec(args[1], args[2:]...); err != nil {
			return err.Error()
		}
		out := ts.ReadFile("stdout")
		if !pattern.MatchString(out) {
			return "it shows " + out
		}
		return ""
	})
}

// reads waits until a file holds a line that matches: reads log '"level":"ERROR"'.
// What a program in the background prints cannot be seen before it has ended.
func reads(ts *testscript.TestScript, _ bool, args []string) {
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	until(ts, func() string {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && pattern.Match(text) {
			return ""
		}
		return "it holds " + string(text)
	})
}

// occupied runs ghostcm with its port taken, and checks the exit code.
func occupied(ts *testscript.TestScript, neg bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv("PORT"))
	ts.Check(err)
	defer ln.Close()
	exits(ts, neg, args)
}

func until(ts *testscript.TestScript, holds func() string) {
	deadline := time.Now().Add(patience)
	for problem := holds(); problem != ""; problem = holds() {
		if time.Now().After(deadline) {
			ts.Fatalf("in vain: %s", problem)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
