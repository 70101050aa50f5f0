# What stands between a supplier and a release: licences of what is linked, and
# known vulnerabilities of it. gosec and go vet run with the linters, the race
# detector with the tests.
#
# The database of vulnerabilities is asked over the network. Where it cannot be
# reached this says so, and is no failure: it is never said to be fine unasked.
cd "$(dirname "$0")/.." || exit 1
version=v1.9.0
database=${GHOSTCM_VULNDB:-https://vuln.go.dev}
status=0

go run ./internal/tools/licences || status=1

if command -v curl >/dev/null 2>&1 && ! said=$(curl -fsS -m 10 -o /dev/null "$database/index/db.json" 2>&1); then
	echo "govulncheck: NOT RUN: its database cannot be reached: $said"
elif said=$(CGO_ENABLED=0 go run "golang.org/x/vuln/cmd/govulncheck@$version" -db "$database" ./cmd/... 2>&1); then
	printf '%s\n' "$said" | tail -n 3
	echo "govulncheck: ok"
elif printf '%s' "$said" | grep -q '^Vulnerability #'; then
	printf '%s\n' "$said"
	echo "govulncheck: FAILED: what is linked has known vulnerabilities"
	status=1
else
	echo "govulncheck: NOT RUN: $(printf '%s' "$said" | tail -n 1)"
fi
[ $status -ne 0 ] || echo "security: ok, but for what was not run"
exit $status
