package fleet_test

import (
	"os"
	"testing"

	"github.com/ghostcm/ghostcm/internal/program/programtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	programtest.Remove()
	os.Exit(code)
}

var built programtest.Binary
