# Runs the benchmark suite, or Go's own benchmarks if a pattern is given:
#   bench.sh PATTERN ROWS RUNS QUICK   each may be empty
cd "$(dirname "$0")/.." || exit 1
if [ -n "$1" ]; then
	exec go test -run '^$' -bench "$1" -benchmem ./...
fi
mkdir -p bin
go build -o bin/bench ./internal/bench || exit 1
exec bin/bench -row "$2" -runs "${3:-5}" ${4:+-quick}
