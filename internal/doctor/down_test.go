package doctor_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/doctor"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// promise is what an examination may take, whatever is down. Of few sites, each
// question has its turn at once, and its own bound is the end.
const (
	promise  = 15 * time.Second
	fewSites = 9 * time.Second
)

// silent is an installation of so many sites in which nothing ever answers.
func silent(t *testing.T, sites int) doctor.Options {
	t.Helper()
	nowhere := hole(t)
	w := &world{t: t}
	client := w.client("redis://" + nowhere)
	o := doctor.Options{
		Store: store.New(client, time.Now), Queue: jobs.NewQueue(client), StateDir: w.privateDir(),
		PublicURL: "https://hooks.example", Outbound: egress.Options{Resolver: deaf()},
		Now: time.Now, Reason: func(error) string { return "it does not answer in time" },
	}
	list, err := campaignmonitor.New(campaignmonitor.Options{BaseURL: "http://" + nowhere, APIKey: "hunter2", HTTP: loose()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sites {
		o.Sites = append(o.Sites, doctor.Site{
			Name: fmt.Sprintf("blog%d", i), Prefix: "SITE1_", Ghost: w.ghostClient("http://"+nowhere, ghosttest.DefaultKey),
			List: list, ListTime: &doctor.Watch{}, Fields: everyField(), Secret: secret, ListToken: token,
			Policy: egress.Policy{AllowPrivate: true},
		})
	}
	return o
}

// deaf is a name server that takes questions and never answers.
func deaf() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		context.AfterFunc(ctx, func() { _ = server.Close() })
		go func() { _, _ = server.Read(make([]byte, 1<<10)) }()
		return client, nil
	}}
}

func TestWithEverythingDownItEndsInTime(t *testing.T) {
	t.Parallel()
	for sites, within := range map[int]time.Duration{2: fewSites, 60: promise} {
		t.Run(fmt.Sprint(sites, " sites"), func(t *testing.T) {
			t.Parallel()
			o := silent(t, sites)
			begin := time.Now()
			r := doctor.New(o).Mend(t.Context())                         // which examines, and finds nothing that it could mend
			if took := time.Since(begin); took > within+10*time.Second { // a loaded machine
				t.Errorf("it took %v", took)
			}
			if len(r.Actions) > 0 {
				t.Errorf("it did %v", r.Actions)
			}
			if redis := detail(t, r, "redis"); redis.Status != doctor.Fail {
				t.Errorf("Redis is %v", redis)
			}
			for _, name := range []string{"ghost", "list", "public_url"} {
				if f := detail(t, r, "blog0 "+name); f.Status != doctor.Fail && state(f) != "not checked" {
					t.Errorf("%s is %v", name, f)
				}
			}
			if got, want := len(r.Findings), 14+16*sites; got != want {
				t.Errorf("%d findings, want %d", got, want)
			}
		})
	}
}

func TestAnExaminationThatIsGivenUpEndsAtOnce(t *testing.T) {
	t.Parallel()
	ctx, giveUp := context.WithCancel(t.Context())
	giveUp()
	begin := time.Now()
	doctor.New(silent(t, 3)).Examine(ctx)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
