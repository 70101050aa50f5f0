# Runs the linters; those of Go are built once, at the version pinned here.
cd "$(dirname "$0")/.." || exit 1
version=v2.15.0
status=0

if [ "$(cat .tools/golangci-lint.version 2>/dev/null)" != "$version" ] || [ ! -x .tools/golangci-lint ]; then
	echo "Building golangci-lint $version; this takes some minutes, once" >&2
	GOBIN=$PWD/.tools CGO_ENABLED=0 go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version" || exit 1
	echo "$version" >.tools/golangci-lint.version
fi
.tools/golangci-lint run --allow-parallel-runners ./... || status=1
go vet ./... || status=1

if command -v shellcheck >/dev/null 2>&1; then
	shellcheck -s sh .make/*.sh .make/deb/*.sh .ci/*.sh || status=1
	shellcheck .ci/run || status=1
else
	echo "shellcheck: not run (not installed)"
	[ -z "${GHOSTCM_TEST_STRICT:-}" ] || status=1
fi
[ $status -ne 0 ] || echo "lint: ok"
exit $status
