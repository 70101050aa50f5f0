package demo

import "testing"

func TestPiecesLineUpInEveryScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Ana":        "Ana   |",
		"Zoe\u0308":  "Zoe\u0308   |",
		"佐藤":         "佐藤  |",
		"too long a": "too long a |",
	} {
		if got := pad(text, 6) + "|"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOnlyATerminalSeesColoursAndProgress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		terminal, color bool
		want            string
	}{
		{false, false, "ready\n"},
		{false, true, "ready\n"},
		{true, false, "\rsync ██████████··············" + "················ 1/4\x1b[K\r\x1b[Kready\n"},
		{true, true, "\rsync ██████████··············" + "················ 1/4\x1b[K\r\x1b[K\x1b[1mready\x1b[0m\n"},
	} {
		out := &screen{}
		p := newPrinter(out, c.terminal, c.color)
		p.progress("sync", 1, 4)
		p.title("ready")
		p.endProgress()
		if out.String() != c.want {
			t.Errorf("%+v: %q", c, out)
		}
	}
}
