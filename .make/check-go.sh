# One clear line when Go is missing or too old, before anything else fails.
cd "$(dirname "$0")/.." || exit 1
want=$(awk '$1 == "go" { print $2; exit }' go.mod)
if ! command -v go >/dev/null 2>&1; then
	echo "Go is not installed: ghostcm needs Go $want or newer, from https://go.dev/dl/" >&2
	exit 1
fi
# Since 1.21, Go fetches a newer toolchain by itself unless told not to; asking
# inside the module makes it do so now.
if ! have=$(go env GOVERSION 2>&1) || [ -z "$have" ]; then
	echo "This Go is not $want and cannot fetch it: install it from https://go.dev/dl/ (it says: $have)" >&2
	exit 1
fi
if ! echo "${have#go} $want" | awk '{ split($1, h, /[.a-z-]/); split($2, w, /[.a-z-]/)
	for (i = 1; i <= 3; i++) if (h[i] + 0 != w[i] + 0) exit h[i] + 0 < w[i] + 0 }'; then
	echo "$have is too old: ghostcm needs Go $want or newer, from https://go.dev/dl/" >&2
	exit 1
fi
