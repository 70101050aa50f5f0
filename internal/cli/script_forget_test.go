package cli_test

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// departs deletes members in Ghost: departs jo@example.org.
func departs(ts *testscript.TestScript, _ bool, emails []string) {
	for _, email := range emails {
		ts.Check(worldOf(ts).ghost.DeleteMember(called(ts, email).ID))
	}
	worldOf(ts).ghost.Flush()
}

// vanishes has an operator delete a subscriber for good: vanishes jo@example.org.
func vanishes(ts *testscript.TestScript, _ bool, args []string) {
	if !worldOf(ts).list.Erase(worldOf(ts).listID, args[0]) {
		ts.Fatalf("no such subscriber")
	}
}

func called(ts *testscript.TestScript, email string) ghosttest.Member {
	for _, m := range worldOf(ts).ghost.Members() {
		if strings.EqualFold(m.Email, email) {
			return m
		}
	}
	ts.Fatalf("no member has the address %s", email)
	return ghosttest.Member{}
}
