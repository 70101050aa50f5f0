package program_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/member"
)

// captured are webhooks as real Ghost servers sent them.
func captured(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../ghost/testdata/webhooks/*.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("found %d captured webhooks: %v", len(files), err)
	}
	bodies := map[string][]byte{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies[strings.TrimSuffix(filepath.Base(file), ".json")] = body
	}
	return bodies
}

func (r *rig) post(body []byte, event string, at time.Time) int {
	r.t.Helper()
	url := r.url + "/webhook/ghost/" + r.sites[0].name + "?event=" + event
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Ghost-Signature", ghost.Sign(body, []byte(secret), at))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// told is what a captured webhook says of its member.
type told struct {
	Member struct {
		Current, Previous struct {
			Email  string
			Status string
			Labels []struct{ Name string }
		}
	}
}

func TestEveryCapturedWebhookDoesWhatItSays(t *testing.T) {
	t.Parallel()
	for name, body := range captured(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{noAdmin: true})
			site := r.sites[0]
			var says told
			if err := json.Unmarshal(body, &says); err != nil {
				t.Fatal(err)
			}
			event := captureEvent(name)
			if event == "member.deleted" { // there has to be someone to remove
				added := bytes.Replace(body, []byte(`"event":"member.deleted",`), nil, 1)
				added = bytes.Replace(added, []byte(`"current":{}`), []byte(`"current":`+previous(t, body)), 1)
				if status := r.post(added, "member.edited", time.Now().Add(-time.Second)); status != http.StatusAccepted {
					t.Fatalf("answered %d to the member's life before", status)
				}
				r.eventually("settled", 10*time.Second, r.settled)
			}
			if status := r.post(body, event, time.Now()); status != http.StatusAccepted {
				t.Fatalf("answered %d", status)
			}
			r.eventually("settled", 10*time.Second, r.settled)
			want, email := says.Member.Current, says.Member.Current.Email
			state := "Active"
			if event == "member.deleted" {
				want, email, state = says.Member.Previous, says.Member.Previous.Email, "Unsubscribed"
			}
			s, ok := r.list.Subscriber(site.listID, email)
			if !ok || s.State != state || s.Fields["ghost_status"] != want.Status {
				t.Errorf("subscriber %t, %s, status %q; want %s, %q\n%s", ok, s.State, s.Fields["ghost_status"], state, want.Status, r.log)
			}
			var names []string
			for _, l := range want.Labels {
				names = append(names, l.Name)
			}
			if labels := s.Fields["ghost_labels"]; len(names) > 0 && labels != member.JoinNames(names) {
				t.Errorf("labels are %q", labels)
			}
			r.clean()
		})
	}
}

func captureEvent(name string) string {
	for _, event := range []string{"member.added", "member.edited", "member.deleted"} {
		if strings.Contains(name, event) {
			return event
		}
	}
	if strings.Contains(name, "race-deleted") {
		return "member.deleted"
	}
	return "member.edited"
}

func previous(t *testing.T, body []byte) string {
	t.Helper()
	var hook struct {
		Member struct{ Previous json.RawMessage }
	}
	if err := json.Unmarshal(body, &hook); err != nil {
		t.Fatal(err)
	}
	return string(hook.Member.Previous)
}
