# Writes the dashboard's *_templ.go from its *.templ, and formats those. The generator
# is built once, at the version of the library that go.mod names.
cd "$(dirname "$0")/.." || exit 1
version=$(go list -m -f '{{.Version}}' github.com/a-h/templ) || exit 1

if [ "$(cat .tools/templ.version 2>/dev/null)" != "$version" ] || [ ! -x .tools/templ ]; then
	echo "Building templ $version, once" >&2
	GOBIN=$PWD/.tools CGO_ENABLED=0 go install "github.com/a-h/templ/cmd/templ@$version" || exit 1
	echo "$version" >.tools/templ.version
fi
cd internal/dashboard || exit 1
../../.tools/templ fmt -log-level warn . && ../../.tools/templ generate -log-level warn
