package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func moduleWith(t *testing.T, files map[string]string) module {
	t.Helper()
	m := module{Path: "example.org/thing", Version: "v1.0.0", Dir: t.TempDir()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(m.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

const mit = "Permission is hereby granted, free of charge, to any\nperson obtaining a copy of this software"

func TestAModuleWithoutALicenceThatIsAllowedIsRefused(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"none":           {"README.md": mit},
		"GPL":            {"LICENSE": "GNU GENERAL PUBLIC LICENSE\nVersion 3"},
		"AGPL in MIT":    {"LICENSE": "GNU Affero General Public License " + mit},
		"unknown":        {"LICENSE": "You may look, but not touch."},
		"two, one wrong": {"LICENSE": mit, "LICENSE.commercial": "Pay first."},
		"only a notice":  {"NOTICE": "Copyright"},
	} {
		_, err := noticeOf([]module{moduleWith(t, files)})
		if err == nil || !strings.Contains(err.Error(), "example.org/thing") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheNoticeHoldsEveryLicenceAndNotice(t *testing.T) {
	t.Parallel()
	got, err := noticeOf([]module{moduleWith(t, map[string]string{"LICENSE": mit, "NOTICE.txt": "Made by Jo."})})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"example.org/thing v1.0.0, LICENSE (MIT)", "person obtaining", "Made by Jo."} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
