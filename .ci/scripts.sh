# Tests of the scripts in .make on machines that lack things: each test is a PATH
# with just the commands that such a machine has.
# shellcheck disable=SC2016 # what stands in single quotes is for the fakes
cd "$(dirname "$0")/.." || exit 1
box=$(mktemp -d) || exit 1
trap 'rm -rf "$box"' EXIT
passed=0
failed=0

# machine makes a new bin with the ordinary commands and nothing of what is looked for.
machine() {
	rm -rf "${box:?}/bin" "$box/log"
	mkdir "$box/bin"
	: >"$box/log"
	for tool in sh awk dirname cat env uname id sed grep tr mkdir rm; do
		ln -s "$(command -v $tool)" "$box/bin/$tool"
	done
}

# fake NAME BODY makes a command that logs how it was called and runs BODY.
fake() {
	# Without this, writing goes through the link, into the machine's own command.
	rm -f "$box/bin/$1"
	printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\n' "$1" "$box/log" "$2" >"$box/bin/$1"
	chmod +x "$box/bin/$1"
}

# on runs a script on the machine; what it says and its exit code end up in $said.
on() {
	script=$1
	shift
	said=$(env -i PATH="$box/bin" HOME="$box" SSL_CERT_FILE="${certificates-$0}" sh "$script" "$@" 2>&1 </dev/null)
	said="$said
exit $?"
}

# expect NAME TEXT FILE|- checks that TEXT is in the log, or in what was said.
expect() {
	if { [ "$3" = - ] && printf '%s' "$said"; } | grep -qF -- "$2" || { [ "$3" = log ] && grep -qF -- "$2" "$box/log"; }; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s: no "%s"\nsaid: %s\nlog: %s\n' "$1" "$2" "$said" "$(cat "$box/log")"
	fi
}

# refuse is expect's opposite, for the log.
refuse() {
	if grep -qF -- "$2" "$box/log"; then
		failed=$((failed + 1))
		printf 'FAILED: %s: called "%s"\nlog: %s\n' "$1" "$2" "$(cat "$box/log")"
	else
		passed=$((passed + 1))
	fi
}

machine
on .make/check-go.sh
expect "no Go" "Go is not installed: ghostcm needs Go 1.26" -
expect "no Go" "exit 1" -

machine
fake go 'echo go1.19.8'
on .make/check-go.sh
expect "an old Go" "go1.19.8 is too old: ghostcm needs Go 1.26" -
expect "an old Go" "exit 1" -

machine
fake go 'echo "go: download go1.26.0: no such host"; exit 1'
on .make/check-go.sh
expect "a Go that cannot fetch another" "cannot fetch it: install it from https://go.dev/dl/ (it says: go: download" -

for version in go1.26.0 go1.26.8 go1.27rc1 go2.0; do
	machine
	fake go "echo $version"
	on .make/check-go.sh
	expect "a good Go, $version" "exit 0" -
done

machine
on .make/deps.sh test
expect "no package manager" "cannot be installed from here: redis gcc" -
expect "no package manager" "exit 0" -

machine
fake apt-get ''
fake id 'echo 0'
on .make/deps.sh test
expect "root without sudo" "install -y -q --no-install-recommends redis-server gcc libc6-dev chromium" log
refuse "lists that are there" "apt-get update"

machine
fake id 'echo 0'
fake apt-get 'case "$*" in update*) : >'"$box"'/lists ;; *) [ -e '"$box"'/lists ] ;; esac'
on .make/deps.sh test
expect "lists that were never fetched" "apt-get update" log
expect "lists that were never fetched" "exit 0" -
[ -e "$box/lists" ] && rm "$box/lists"

machine
fake apt-get ''
fake id 'echo 1000'
on .make/deps.sh test
expect "neither root nor sudo" "as root: apt-get update && apt-get install -y redis-server gcc libc6-dev chromium" -
refuse "neither root nor sudo" "install"

machine
fake apt-get ''
fake id 'echo 1000'
fake sudo 'exit 1'
on .make/deps.sh test
expect "sudo that would ask, and no terminal" "cannot be installed from here" -
refuse "sudo that would ask, and no terminal" "apt-get"

machine
fake apt-get ''
fake id 'echo 1000'
fake sudo 'shift; "$@"'
on .make/deps.sh test
expect "sudo that does not ask" "install -y -q --no-install-recommends redis-server" log

machine
fake apt-get 'exit 100'
fake id 'echo 0'
on .make/deps.sh test
expect "an installation that fails" "Could not install redis-server gcc libc6-dev chromium" -

machine
fake dnf '[ "$3" != valkey ]'
fake id 'echo 0'
on .make/deps.sh test
expect "a dnf without valkey" "dnf install -y -q redis gcc glibc-devel" log

machine
fake brew ''
fake id 'echo 0'
on .make/deps.sh test
expect "brew as root" "as a user who is not root: brew install redis" -
refuse "brew as root" "brew install"

machine
fake valkey-server ''
fake cc ''
fake chromium ''
fake apt-get ''
on .make/deps.sh test
expect "everything is there" "exit 0" -
refuse "everything is there" "apt-get"

machine
fake apt-get ''
fake id 'echo 0'
fake nginx ''
on .make/deps.sh deploy
expect "what checks docs/deploy" "install -y -q --no-install-recommends systemd prometheus caddy openssl dpkg curl" log

machine
fake dnf ''
fake id 'echo 0'
on .make/deps.sh deploy
expect "what checks docs/deploy, elsewhere" "exit 0" -
refuse "what checks docs/deploy, elsewhere" "install"

machine
fake apt-get ''
fake id 'echo 0'
on .make/deps.sh ghost
expect "what a real Ghost is installed with" "install -y -q --no-install-recommends redis-server npm make g++ python3" log

machine
on .make/ghost-install.sh
expect "a Ghost without npm" "npm is missing; on Debian: apt-get install npm make g++ python3" -
expect "a Ghost without npm" "exit 1" -

machine
on .ci/e2e-ghost.sh
expect "no Ghost in the cache" "NOT RUN: no cached Ghost" -
expect "no Ghost in the cache" "exit 77" -

machine
on .make/e2e-ghost.sh
expect "no Ghost, and none to be had" "exit 1" -

echo "script tests: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
