# Fails when a file that a program writes is not what that program writes now.
cd "$(dirname "$0")/.." || exit 1
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
status=0

go mod tidy -diff || { echo "go.mod is not tidy: run go mod tidy" >&2; status=1; }

unformatted=$(gofmt -l cmd internal)
[ -z "$unformatted" ] || { echo "not formatted: run make fmt:" "$unformatted" >&2; status=1; }

make completions docs templates || status=1
# A checkout of another user is git's to distrust, but this is only a comparison.
changed=$(git -c safe.directory="$PWD" status --porcelain -- completions docs/cli 'internal/dashboard/*.templ' 'internal/dashboard/*_templ.go')
[ -z "$changed" ] || { printf 'out of date: run make completions docs templates:\n%s\n' "$changed" >&2; status=1; }
exit $status
