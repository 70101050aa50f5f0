package doctor_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// paths answers each path by its own handler.
func paths(at map[string]http.Handler) http.Handler {
	mux := http.NewServeMux()
	for path, handler := range at {
		mux.Handle(path, handler)
	}
	return mux
}

func TestThePublicURL(t *testing.T) {
	t.Parallel()
	fails := map[string]string{"blog public_url": "fail"}
	front := func(h http.Handler) func(*world) { return func(w *world) { w.answers(h) } }
	run(t, map[string]breakage{
		"a redirect": {
			harm: front(stranger(301, "", "https://elsewhere.example/")),
			want: fails, says: []string{"a redirect (301)", "without the event"},
		},
		"another program":       {harm: front(stranger(404, "<html>", "")), want: fails, says: []string{"another program answers"}},
		"a page for everything": {harm: front(stranger(200, "<html>", "")), want: fails, says: []string{"another program answers"}},
		"a 405 of another program": {
			harm: front(stranger(405, `{"error":"nope"}`, "")), want: fails, says: []string{"another program answers"},
		},
		"a login":           {harm: front(stranger(401, "", "")), want: fails, says: []string{"without a login"}},
		"gone":              {harm: front(stranger(410, "", "")), want: fails, says: []string{"Ghost would delete"}},
		"nothing behind it": {harm: front(stranger(502, "", "")), want: fails, says: []string{"start ghostcm serve"}},
		"a limit":           {harm: front(stranger(429, "", "")), want: map[string]string{"blog public_url": "warn"}, says: []string{"no limit"}},
		"only /livez gets by": {
			harm: front(paths(map[string]http.Handler{"/livez": stranger(200, `{"status":"alive"}`, ""), "/": stranger(404, "", "")})),
			want: fails, says: []string{"pass /webhook/ to ghostcm"},
		},
		"a certificate that nobody knows": {
			harm: func(w *world) { w.options.Outbound = egress.Options{} }, want: fails, says: []string{"its certificate cannot be verified"},
		},
		"a name that does not exist": {
			harm: func(w *world) {
				w.options.PublicURL, w.options.Outbound.Resolver = "https://hooks.example", names("")
			},
			want: map[string]string{"blog public_url": "fail", "blog webhooks": "warn"}, says: nil,
		},
	})
}

func TestThePublicURLAsGhostSeesIt(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://hooks.example"
	// Registered for another address, which is not what is looked at here.
	other := func(verdict string) map[string]string {
		return map[string]string{"blog public_url": verdict, "blog webhooks": "warn"}
	}
	resolvesTo := func(addr string, p egress.Policy) func(*world) {
		return func(w *world) {
			w.options.PublicURL, w.options.Outbound.Resolver, w.site.Policy = elsewhere, names(addr), p
		}
	}
	denied := func(w *world) {
		ghost := refusing(w)
		w.site.Ghost, w.site.GhostURL = w.ghostClient(ghost.URL, w.ghost.AdminKey()), ghost.URL
	}
	for name, c := range map[string]struct {
		harm []func(*world)
		old  bool
		want string
		says []string
	}{
		"a private address that Ghost refuses": {
			harm: []func(*world){resolvesTo("10.1.2.3", egress.Policy{}), denied},
			want: "fail", says: []string{"10.1.2.3", "a private address", "allowWebhookInternalIPs=true"},
		},
		"one that Ghost allows, and this program does not go to": {
			harm: []func(*world){resolvesTo("10.1.2.3", egress.Policy{})}, want: "",
		},
		"one that an old Ghost sends to": {harm: []func(*world){resolvesTo("10.1.2.3", egress.Policy{})}, old: true, want: ""},
		"one of a Ghost that cannot be asked": {
			harm: []func(*world){resolvesTo("192.168.1.1", egress.Policy{}), func(w *world) { w.site.Ghost = nil }},
			want: "fail", says: []string{"Ghost 6.27 and newer"},
		},
		"a metadata service": {
			harm: []func(*world){resolvesTo("169.254.169.254", egress.Policy{AllowPrivate: true})},
			want: "fail", says: []string{"a metadata service"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := build(t, variant{ghost: ghosttest.Options{OldGhost: c.old}})
			for _, harm := range c.harm {
				harm(w)
			}
			r := w.examine()
			want := other(c.want)
			if got := unwell(r)["blog public_url"]; got != want["blog public_url"] {
				t.Errorf("%q: %s", got, told(r))
			}
			says(t, r, "blog public_url", c.says...)
		})
	}
}

// Nothing is sent to where the settings do not allow, whatever a name resolves to
// or an answer says.
func TestTheExaminationGoesNowhereItMayNot(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	w := build(t, variant{bare: true, front: count})
	w.options.PublicURL = strings.Replace(w.front.URL, "127.0.0.1", "hooks.example", 1)
	w.options.Outbound.Resolver, w.site.Policy = names("127.0.0.1"), egress.Policy{AllowHTTP: true}
	w.options.Outbound.TLS.ServerName = "example.com" // as the certificate has it
	w.examine()
	if asked.Load() > 0 {
		t.Error("a loopback address was asked, though the settings do not allow it")
	}
	w.site.Policy.AllowPrivate = true
	w.examine()
	if asked.Load() == 0 {
		t.Error("an allowed address was not asked: the test proves nothing")
	}
}

// names answers every question for an A record with addr, or, for "", that there
// is no such name.
func names(addr string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerNames(server, addr)
		return client, nil
	}}
}

func answerNames(c net.Conn, addr string) {
	defer func() { _ = c.Close() }()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		msg := nameReply(q, addr)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)); err != nil {
			return
		}
	}
}

// nameReply builds a DNS answer (RFC 1035 §4.1) to the one question in q.
func nameReply(q []byte, addr string) []byte {
	end := 12
	for q[end] != 0 {
		end += int(q[end]) + 1
	}
	end += 5
	msg := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
	if addr == "" {
		msg[3] |= 3 // NXDOMAIN
		return msg
	}
	if q[end-3] == 1 {
		msg[7] = 1
		msg = append(msg, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		msg = append(msg, netip.MustParseAddr(addr).AsSlice()...)
	}
	return msg
}
