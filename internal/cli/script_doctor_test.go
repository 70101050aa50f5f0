package cli_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// twoSites makes the sites mainblog and news, each with a Ghost and an empty list,
// and nothing that anybody has set up. The world's own commands are about mainblog.
func twoSites(t *testing.T, ts *testscript.TestScript) {
	w, ok := ts.Value(worldKey{}).(*world)
	if !ok {
		ts.Fatalf("the scripts are set up without a world")
	}
	w.list = cmtest.Run(t, cmtest.Options{})
	settings := map[string]string{
		"REDIS_URL": redistest.Start(t, redistest.Args("--appendonly", "yes", "--appendfsync", "everysec")),
		"PORT":      freePort(ts), "STATE_DIR": ts.MkAbs("state"), "ALLOW_INSECURE_URLS": "true",
		"CM_API_URL": w.list.URL(), "CM_API_KEY": cmtest.DefaultKey,
	}
	for i, name := range []string{"news", "mainblog"} {
		w.ghost = ghosttest.Run(t, ghosttest.Options{})
		w.listID = w.list.CreateList(cmtest.ListOptions{Title: name, UnsubscribeSetting: "OnlyThisList"})
		prefix := "SITE" + strconv.Itoa(2-i) + "_"
		maps.Copy(settings, map[string]string{
			prefix + "NAME": name, prefix + "CM_LIST_ID": w.listID, prefix + "GHOST_WEBHOOK_SECRET": "hunter2-secret-of-" + name,
			prefix + "GHOST_URL": w.ghost.URL(), prefix + "GHOST_ADMIN_API_KEY": w.ghost.AdminKey(),
		})
	}
	for name, value := range settings {
		ts.Setenv(name, value)
	}
}

// hasFields compares the custom fields of the world's list: hasfields ghost_status:Text.
func hasFields(ts *testscript.TestScript, _ bool, want []string) {
	w := worldOf(ts)
	client, err := campaignmonitor.New(campaignmonitor.Options{
		BaseURL: w.list.URL(), APIKey: cmtest.DefaultKey, HTTP: &http.Client{},
	})
	ts.Check(err)
	fields, err := client.Fields(context.Background(), w.listID)
	ts.Check(err)
	got := []string{}
	for _, f := range fields {
		got = append(got, f.Name+":"+f.DataType)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		ts.Fatalf("custom fields (-want +got):\n%s", diff)
	}
}

// hasWebhooks compares the events of the webhooks that Ghost of the world has.
func hasWebhooks(ts *testscript.TestScript, _ bool, want []string) {
	got := []string{}
	for _, h := range worldOf(ts).ghost.RegisteredWebhooks() {
		if !strings.HasPrefix(h.TargetURL, "http://127.0.0.1:"+ts.Getenv("PORT")+"/webhook/ghost/mainblog?event=") {
			ts.Fatalf("the webhook of %s goes elsewhere", h.Event)
		}
		got = append(got, h.Event)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		ts.Fatalf("webhooks (-want +got):\n%s", diff)
	}
}
