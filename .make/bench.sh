# Runs the benchmark suite, Go's own benchmarks if a pattern is given, or one of
# the suite's other roles:
#   bench.sh bench PATTERN ROWS RUNS QUICK DOC   each of the five may be empty; DOC
#                                            writes the results into docs/performance.md
#   bench.sh budget                          hold allocations and round trips against the record
#   bench.sh record                          write that record anew
cd "$(dirname "$0")/.." || exit 1
role=$1
if [ "$role" = bench ] && [ -n "$2" ]; then
	exec go test -run '^$' -bench "$2" -benchmem ./...
fi
mkdir -p bin
# As `make build` does, so that what it compiled is compiled once.
CGO_ENABLED=0 go build -trimpath -o bin/bench ./internal/bench || exit 1
[ "$role" = bench ] || exec bin/bench -role "$role"
exec bin/bench -row "$3" -runs "${4:-5}" ${5:+-quick} ${6:+-doc docs/performance.md}
