# Runs the fuzz targets, one after another, each for $1, and prints how many inputs
# each was given and how many of them led somewhere new. $2 narrows, as grep -E does.
# What breaks a target is left in its package's testdata/fuzz, to be committed with
# the mending; what is new stays in Go's cache, where the next run goes on.
cd "$(dirname "$0")/.." || exit 1
each=${1:-1m}
only=${2:-.}

bins=$(mktemp -d) || exit 1
trap 'rm -rf "$bins"' EXIT
trap 'exit 130' INT TERM
corpus=$(go env GOCACHE)/fuzz/ghostcm
status=0

# run prints a line of the table.
run() { # package, target
	(cd "$1" && "$bins/test" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$each" \
		-test.fuzzminimizetime 20x -test.fuzzcachedir "$corpus/$2") >"$bins/out" 2>&1
	verdict=$?
	sed -n 's/.*execs: \([0-9]*\).*new interesting: \([0-9]*\).*/\1 \2/p' "$bins/out" | tail -n 1 >"$bins/last"
	read -r execs new <"$bins/last" || { execs=0 new=0; }
	word=ok
	if [ "$verdict" -ne 0 ]; then
		word=BROKEN status=1
		cat "$bins/out" >&2
	fi
	printf '%-28s %-46s %12s %8s  %s\n' "${1#internal/}" "$2" "$execs" "$new" "$word"
}

printf '%-28s %-46s %12s %8s\n' PACKAGE TARGET INPUTS NEW
for package in $(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n 1 dirname | sort -u); do
	targets=$(grep -h '^func Fuzz' "$package"/*_test.go | sed 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/' | sort | grep -E "$only")
	[ -n "$targets" ] || continue
	go test -c -fuzz=Fuzz -o "$bins/test" "./$package" || { status=1; continue; }
	for target in $targets; do run "$package" "$target"; done
done
exit "$status"
