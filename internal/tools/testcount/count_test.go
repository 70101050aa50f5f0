package main

import (
	"io"
	"strings"
	"testing"
)

func TestARunIsCountedExactly(t *testing.T) {
	t.Parallel()
	const (
		pass  = `{"Action":"run","Package":"p","Test":"A"}{"Action":"pass","Package":"p","Test":"A"}`
		fail  = `{"Action":"run","Package":"p","Test":"B"}{"Action":"output","Package":"p","Test":"B","Output":"why\n"}{"Action":"fail","Package":"p","Test":"B"}{"Action":"fail","Package":"p"}`
		redis = `{"Action":"output","Package":"p","Test":"C","Output":"    redis.go:7: no redis\n"}{"Action":"skip","Package":"p","Test":"C"}`
		linux = `{"Action":"output","Package":"p","Test":"D","Output":"    x_test.go:7: platform: Linux only\n"}{"Action":"skip","Package":"p","Test":"D"}`
		done  = `{"Action":"pass","Package":"p"}`
	)
	for name, c := range map[string]struct {
		events                  string
		passed, failed, skipped int
		ok, strict              bool
	}{
		"all pass":           {pass + done, 1, 0, 0, true, true},
		"nothing ran":        {done, 0, 0, 0, false, false},
		"one fails":          {pass + fail, 1, 1, 0, false, false},
		"no redis":           {pass + redis + done, 1, 0, 1, true, false},
		"another platform":   {pass + linux + done, 1, 0, 1, true, true},
		"the binary died":    {pass + `{"Action":"run","Package":"p","Test":"E"}`, 1, 1, 0, false, false},
		"one does not build": {pass + done + `{"Action":"build-fail","ImportPath":"q"}{"Action":"fail","Package":"q"}`, 1, 0, 0, false, false},
		"no tests in one":    {pass + done + `{"Action":"skip","Package":"q"}`, 1, 0, 0, true, true},
	} {
		got, err := count(strings.NewReader(c.events), io.Discard)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.passed != c.passed || got.failed != c.failed || got.skipped != c.skipped {
			t.Errorf("%s: %d passed, %d failed, %d skipped, want %d, %d, %d",
				name, got.passed, got.failed, got.skipped, c.passed, c.failed, c.skipped)
		}
		if got.ok(false) != c.ok || got.ok(true) != c.strict {
			t.Errorf("%s: ok %v, strictly %v, want %v, %v", name, got.ok(false), got.ok(true), c.ok, c.strict)
		}
	}
}

func TestWhatAFailedTestPrintedIsShown(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	_, err := count(strings.NewReader(`{"Action":"output","Package":"p","Test":"A","Output":"got 1\n"}{"Action":"fail","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"B","Output":"noise\n"}{"Action":"pass","Package":"p","Test":"B"}`), &out)
	if got := out.String(); err != nil || got != "FAILED p A\ngot 1\n" {
		t.Errorf("shown %q, %v", got, err)
	}
}

func TestWhatIsNotJSONIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := count(strings.NewReader("go: no module"), io.Discard); err == nil {
		t.Error("counted something that go test does not print")
	}
}
