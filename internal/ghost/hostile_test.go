package ghost_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
)

// torrent is a long body: a beginning, and then one piece again and again.
type torrent struct {
	begin, piece string
	size         int // 0 is torrentSize
	sent         int
}

const torrentSize = 30 << 20

func (b *torrent) Read(p []byte) (int, error) {
	if b.sent >= cmp.Or(b.size, torrentSize) {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) {
		from := b.begin
		if at := b.sent - len(b.begin); at >= 0 {
			from = b.piece[at%len(b.piece):]
		} else {
			from = from[b.sent:]
		}
		k := copy(p[n:], from)
		n, b.sent = n+k, b.sent+k
	}
	return n, nil
}

func (*torrent) Close() error { return nil }

// flooded is a client of a Ghost that answers everything with a torrent.
func flooded(t *testing.T, begin, piece string) (c *ghost.Client, body *torrent) {
	t.Helper()
	body = &torrent{begin: begin, piece: piece}
	return newClient(t, ghost.Options{URL: "https://ghost.example", HTTP: &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: success(r), Body: body}, nil
		}),
	}}), body
}

// success is the status with which Ghost does what it is asked to.
func success(r *http.Request) int {
	switch r.Method {
	case http.MethodPost:
		return http.StatusCreated
	case http.MethodDelete:
		return http.StatusNoContent
	}
	return http.StatusOK
}

// calls are the calls of a client.
func calls() map[string]func(context.Context, *ghost.Client) error {
	return map[string]func(context.Context, *ghost.Client) error{
		"site":   func(ctx context.Context, c *ghost.Client) error { _, err := c.Site(ctx); return err },
		"member": func(ctx context.Context, c *ghost.Client) error { _, err := c.Member(ctx, id); return err },
		"email": func(ctx context.Context, c *ghost.Client) error {
			_, _, err := c.MemberByEmail(ctx, "a@example.com")
			return err
		},
		"members": func(ctx context.Context, c *ghost.Client) error {
			for _, err := range c.Members(ctx, "") {
				return err
			}
			return nil
		},
		"by id": func(ctx context.Context, c *ghost.Client) error {
			for _, err := range c.MembersByID(ctx, []string{id}) {
				return err
			}
			return nil
		},
		"census": func(ctx context.Context, c *ghost.Client) error {
			for _, err := range c.Census(ctx) {
				return err
			}
			return nil
		},
		"count":       func(ctx context.Context, c *ghost.Client) error { _, err := c.CountMembers(ctx); return err },
		"config":      func(ctx context.Context, c *ghost.Client) error { _, err := c.Config(ctx); return err },
		"settings":    func(ctx context.Context, c *ghost.Client) error { _, err := c.Settings(ctx); return err },
		"unsubscribe": func(ctx context.Context, c *ghost.Client) error { return c.Unsubscribe(ctx, id) },
		"add webhook": func(ctx context.Context, c *ghost.Client) error { _, err := c.AddWebhook(ctx, wish()); return err },
		"edit webhook": func(ctx context.Context, c *ghost.Client) error {
			return c.EditWebhook(ctx, id, wish())
		},
		"delete webhook": func(ctx context.Context, c *ghost.Client) error { return c.DeleteWebhook(ctx, id) },
		"access":         func(ctx context.Context, c *ghost.Client) error { _, err := c.AccessByID(ctx, id); return err },
		"access by email": func(ctx context.Context, c *ghost.Client) error {
			_, _, err := c.AccessByEmail(ctx, "a@example.com")
			return err
		},
		"tiers": func(ctx context.Context, c *ghost.Client) error { _, err := c.Tiers(ctx); return err },
		"create member": func(ctx context.Context, c *ghost.Client) error {
			_, err := c.CreateMember(ctx, ghost.NewMember{Email: "a@example.com", TierID: tierID, ExpiryAt: ends})
			return err
		},
		"grant tier":   func(ctx context.Context, c *ghost.Client) error { return c.GrantTier(ctx, id, tierID, ends, "") },
		"restore tier": func(ctx context.Context, c *ghost.Client) error { return c.RestoreTier(ctx, id, tierID, ends, "") },
		"revoke tiers": func(ctx context.Context, c *ghost.Client) error { return c.RevokeTiers(ctx, id, "") },
		"expire tier":  func(ctx context.Context, c *ghost.Client) error { return c.ExpireTier(ctx, id, tierID, ends, "") },
	}
}

// TestAHostileGhostCostsLittle measures each shape of answer that unfolds: ten
// million empty records once took 10 GiB and 48 s.
//
//nolint:paralleltest // it measures the memory of the whole process
func TestAHostileGhostCostsLittle(t *testing.T) {
	shapes := map[string]struct{ begin, piece string }{
		"empty records":     {`{"members":[{}`, `,{}`},
		"nulls":             {`{"members":[null`, `,null`},
		"lists of members":  {`{"members":[]`, `,"members":[]`},
		"a record's labels": {`{"members":[{"id":"` + id + `","labels":[{}`, `,{}`},
		"records of labels": {`{"members":[`, `{"labels":[` + strings.Repeat("{},", 200_000) + `{}]},`},
		"a long name":       {`{"members":[{"name":"`, `x`},
		"an unknown key":    {`{"x":[[]`, `,[]`},
		"another key":       {`{`, `"x":1,`},
		"nesting":           {`{"members":`, `[`},
		"a site's title":    {`{"site":{"title":"`, `x`},
		"settings":          {`{"settings":[{}`, `,{}`},
		"webhooks":          {`{"webhooks":[{}`, `,{}`},
		"spaces":            {` `, ` `},
	}
	for shape, s := range shapes {
		for name, call := range calls() {
			switch name {
			case "delete webhook": // reads no body
				continue
			case "grant tier", "revoke tiers", "expire tier", "restore tier": // read what "access" reads
				continue
			}
			c, _ := flooded(t, s.begin, s.piece)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			err := call(t.Context(), c)
			took := time.Since(begin)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 48<<20 || took > 10*time.Second {
				t.Errorf("%s of %s: %d MiB in %v", name, shape, used>>20, took)
			}
			if kindOf(err) != ghost.Unreadable {
				t.Errorf("%s of %s: %v, want unreadable", name, shape, err)
			}
		}
	}
}

func TestMoreMembersThanAskedForAreNotRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"member", "email", "members", "by id", "count", "census", "unsubscribe"} {
		call := calls()[name]
		c, body := flooded(t, `{"members":[{}`, `,{}`)
		if err := call(t.Context(), c); kindOf(err) != ghost.Unreadable || !strings.Contains(err.Error(), "more members") {
			t.Errorf("%s: %v", name, err)
		}
		if body.sent > 1<<20 {
			t.Errorf("%s: %d bytes were read", name, body.sent)
		}
	}
}

// TestReadingStopsWhenTheCallerGivesUp cancels in the middle of what is already
// buffered, where no read can notice.
func TestReadingStopsWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	whole := `{"members":[` + live + `]}`
	c := newClient(t, ghost.Options{URL: "https://ghost.example", HTTP: &http.Client{
		Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			cancel()
			return &http.Response{StatusCode: http.StatusOK, Body: readCloser{strings.NewReader(whole)}}, nil
		}),
	}})
	if _, err := c.Member(ctx, id); kindOf(err) != ghost.Transient || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"site", "member"} {
		call := calls()[name]
		begin, end := `{"site":{"version":"6.65"},"x":"`, `"}`
		if name == "member" {
			begin, end = `{"members":[`+live+`],"x":[`, `]}`
			begin += strings.Repeat(" ", 1<<20-len(begin)) + `],"y":[`
		}
		body := begin + strings.Repeat(" ", 2<<20-len(begin)-len(end)) + end
		if err := call(t.Context(), answering(t, http.StatusOK, gzipped(), squeeze(t, body))); err != nil {
			t.Errorf("%s with all that is allowed: %v", name, err)
		}
		err := call(t.Context(), answering(t, http.StatusOK, gzipped(), squeeze(t, body+" ")))
		if kindOf(err) != ghost.Unreadable || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s with a byte more: %v", name, err)
		}
	}
}

func TestAPageOfLargeMembersIsReadWhole(t *testing.T) {
	t.Parallel()
	labels := strings.Repeat(`{"id":"6b0233b2a81c3c0187d34847","name":"A label, with a name"},`, 3000)
	rows := make([]string, 100)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":"%024x","email":"a@example.com","labels":[%s{"name":"x"}]}`, i+1, labels)
	}
	c := answering(t, http.StatusOK, nil, `{"members":[`+strings.Join(rows, ",\n")+`],"meta":{"pagination":{"limit":1000}}}`)
	count := 0
	for f, err := range c.Members(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if count++; len(f.Labels.Value) != 3001 {
			t.Fatalf("%d labels", len(f.Labels.Value))
		}
	}
	if count != 100 {
		t.Errorf("read %d members, want 100", count)
	}
}

func gzipped() http.Header { return http.Header{"Content-Encoding": {"gzip"}} }

func squeeze(t *testing.T, body string) string {
	t.Helper()
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	if _, err := io.WriteString(z, body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return small.String()
}

func TestWhatFollowsAnAnswerIsNoneOfGhosts(t *testing.T) {
	t.Parallel()
	held := strings.TrimSuffix(live, "}") + `,"status":"free","tiers":[],"subscriptions":[]}`
	whole := `{"members":[` + held + `],"tiers":[{"id":"` + tierID + `"}],"meta":{"pagination":{"total":1}},"site":{"version":"6.65"},"config":{"version":"6.65.0"},` +
		`"settings":[{"key":"title"}],"webhooks":[{"id":"` + id + `"}]}`
	for name, call := range calls() {
		if name == "census" || name == "delete webhook" { // CSV, and nothing
			continue
		}
		for behind, wanted := range map[string]ghost.Kind{" \n": "", "{}": ghost.Unreadable} {
			c := handled(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(success(r))
				_, _ = io.WriteString(w, whole+behind)
			})
			if err := call(t.Context(), c); kindOf(err) != wanted || (err == nil) != (wanted == "") {
				t.Errorf("%s with %q behind it: %v", name, behind, err)
			}
		}
	}
}
