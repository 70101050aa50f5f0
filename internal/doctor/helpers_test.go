package doctor_test

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

// stranger answers everything with a status, a body and a place to go to.
func stranger(status int, body, location string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// deactivate switches a webhook of the list off, as the vendor does after a week
// of failures.
func (w *world) deactivate(id string) {
	w.t.Helper()
	url := w.list.URL() + "/lists/" + w.listID + "/webhooks/" + id + "/deactivate.json"
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPut, url, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth(cmtest.DefaultKey, "x")
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
}

// between listens and passes everything to a server, with what the server says
// changed and delayed. It returns its address.
func between(t *testing.T, network, address string, change func([]byte) []byte, delay time.Duration) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go pass(client, network, address, change, delay)
		}
	}()
	return ln.Addr().String()
}

func pass(client net.Conn, network, address string, change func([]byte) []byte, delay time.Duration) {
	defer client.Close()
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		time.Sleep(delay) // what is tested is a slow network
		if _, err := client.Write(change(buf[:n])); err != nil {
			return
		}
	}
}

func unchanged(b []byte) []byte { return b }

// olderRedis writes a version of the same length over Redis' own.
func olderRedis(b []byte) []byte {
	return regexp.MustCompile(`redis_version:[0-9.]+`).ReplaceAllFunc(b, func(line []byte) []byte {
		return []byte("redis_version:" + "6.0." + strings.Repeat("1", len(line)-len("redis_version:6.0.")))
	})
}

// hole takes connections and never answers.
func hole(t *testing.T) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, conn); _ = conn.Close() }()
		}
	}()
	return ln.Addr().String()
}
