# What scripts of checks have in common, to be sourced by one that has made $box,
# a directory of its own. It counts in passed and failed.
passed=0
failed=0

verdict() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n%s\n' "$2" "$(tail -n 40 "${box:?}/said")"
	fi
}

# check NAME COMMAND… passes if the command does.
check() {
	name=$1
	shift
	"$@" >"${box:?}/said" 2>&1
	verdict $? "$name"
}

# with COMMAND says whether there is such a command.
with() {
	command -v "$1" >/dev/null 2>&1 && return 0
	echo "$1: not run (not installed)"
	[ -z "${GHOSTCM_TEST_STRICT:-}" ] || failed=$((failed + 1))
	return 1
}
