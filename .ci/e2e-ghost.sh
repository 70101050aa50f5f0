# The short form of `make e2e-ghost`: a real Ghost on SQLite, the contract, and the
# first two journeys. It runs where a Ghost is in the cache, within four minutes, and
# fetches nothing. 77 says that it was not run, or not to its end, and is no failure.
cd "$(dirname "$0")/.." || exit 1

if ! sh .make/ghost-install.sh check >/dev/null 2>&1; then
	echo "NOT RUN: no cached Ghost. \`make e2e-ghost\` installs one, and runs all journeys."
	exit 77
fi
results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
E2E_RESULTS=$results DB=sqlite JOURNEY="1 2 contract" timeout -k 60 240 sh .make/e2e-ghost.sh
status=$?
if [ $status -eq 124 ] || [ $status -eq 137 ]; then
	# What failed before the time was over has failed all the same.
	grep -q ^FAILED "$results" && exit 1
	echo "NOT RUN to its end: this machine was too slow for it in four minutes. Until then:"
	cat "$results"
	exit 77
fi
exit $status
