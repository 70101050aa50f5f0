# Runs the tests of the packages given, or of all, and prints counts. What this
# machine cannot run is reported as not run. GHOSTCM_TEST_STRICT=1, as CI sets
# it, makes anything that was not run a failure.
cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || set -- ./...

not_run=
race=-race
export CGO_ENABLED=1
if ! echo 'int main(void) { return 0; }' | "${CC:-cc}" -x c -o /dev/null - 2>/dev/null; then
	race=
	CGO_ENABLED=0
	not_run="race detector: not run (no C compiler)"
fi

mkdir -p bin
go build -o bin/testcount ./internal/tools/testcount || exit 1
# shellcheck disable=SC2086 # one flag or none
go test -json -timeout 30m $race "$@" | bin/testcount ${GHOSTCM_TEST_STRICT:+-strict}
status=$?

if [ -n "$not_run" ]; then
	echo "$not_run"
	[ -z "${GHOSTCM_TEST_STRICT:-}" ] || status=1
fi
exit $status
