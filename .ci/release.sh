# Checks what make release builds: the same commit gives the same bytes in two
# places, the program is static, and the Debian package installs, starts behind a
# socket of systemd's kind, stops and leaves. What cannot be checked here is
# reported as not run, which in CI is a failure.
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=.ci/checks.sh
. ./.ci/checks.sh
here=$PWD
box=$(mktemp -d) || exit 1
server=
ended() {
	[ -z "$server" ] || kill -9 "$server" 2>/dev/null
	rm -rf "$box"
}
trap ended EXIT

# released FROM DIR clones a repository's commit into DIR, and builds there.
released() {
	git -c safe.directory='*' clone -q "$1" "$2" || return 1
	shift
	mkdir -p "$1/.tools" || return 1
	cp .tools/nfpm .tools/nfpm.version "$1/.tools/" 2>/dev/null # built once
	PLATFORMS=linux/amd64 sh "$1/.make/release.sh"
}

# The second build has another directory, an empty cache, and another time zone,
# so that nothing of the first can be in it.
reproducible() {
	released "$here" "$box/one" && cp "$box/one/.tools/"nfpm* .tools/ &&
		GOCACHE=$box/cache TZ=Asia/Tokyo released "$box/one" "$box/elsewhere/deeper" &&
		diff "$box/one/dist/SHA256SUMS" "$box/elsewhere/deeper/dist/SHA256SUMS"
}

mkdir -p .tools "$box/elsewhere"
check "the same commit gives the same bytes" reproducible
rm -rf "$box/cache" "$box/elsewhere"
dist=$box/one/dist

static() {
	tar -xzf "$dist"/ghostcm_*_linux_amd64.tar.gz -C "$box" && set -- "$box"/ghostcm_*_linux_amd64/ghostcm &&
		[ -x "$1" ] && ! ldd "$1"
}
check "the program is static" static

# dpkg does what it does on a real machine, below a root of its own; only the
# scripts of the package find no systemd there.
on_root() {
	dpkg --root="$root" --force-script-chrootless --force-depends --log="$box/dpkg.log" "$@"
}

installed() {
	root=$box/root
	mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" && : >"$root/var/lib/dpkg/status"
	on_root -i "$dist"/ghostcm_*_amd64.deb || return 1
	for file in usr/bin/ghostcm usr/lib/systemd/system/ghostcm-serve.socket usr/share/man/man1/ghostcm-dlq-list.1.gz \
		usr/share/bash-completion/completions/ghostcm usr/share/zsh/vendor-completions/_ghostcm \
		usr/share/fish/vendor_completions.d/ghostcm.fish etc/ghostcm/ghostcm.yaml; do
		[ -s "$root/$file" ] || { echo "no $file"; return 1; }
	done
	"$root/usr/bin/ghostcm" version
}

# started runs the command of the unit as the unit does: with its secrets, its
# state directory, its socket, and nothing else in the environment.
started() {
	mkdir "$box/state" "$box/credentials"
	printf 'a-secret-of-sixteen-or-more' | tee "$box/credentials/CM_API_KEY" >"$box/credentials/SITE1_GHOST_WEBHOOK_SECRET"
	printf '%024d:%064d' 1 1 >"$box/credentials/SITE1_GHOST_ADMIN_API_KEY"
	chmod 600 "$box"/credentials/*
	unit=$root/usr/lib/systemd/system/ghostcm-serve.service
	# shellcheck disable=SC2046 # the words of a command
	set -- $(sed -n "s|^ExecStart=/usr/bin/ghostcm|$root/usr/bin/ghostcm|p" "$unit" | sed "s| /etc/| $root/etc/|")
	port=$((20000 + $$ % 10000))
	cd "$box/state" || return 1
	env -i PATH=/usr/bin:/bin systemd-socket-activate -l "127.0.0.1:$port" \
		-E CREDENTIALS_DIRECTORY="$box/credentials" -E STATE_DIRECTORY="$box/state" "$@" >"$box/log" 2>&1 &
	server=$!
	cd "$here" || return 1
	curl -sS --retry 20 --retry-delay 1 --retry-connrefused -m 10 "http://127.0.0.1:$port/livez" || { cat "$box/log"; return 1; }
	grep -q server.socket_inherited "$box/log" || { cat "$box/log"; return 1; }
}

stopped() {
	{ kill -TERM "$server" && wait "$server"; } || { cat "$box/log"; return 1; }
	server=
}

removed() {
	on_root -P ghostcm && [ ! -e "$root/usr/bin/ghostcm" ] && [ ! -e "$root/etc/ghostcm/ghostcm.yaml" ]
}

if with dpkg && with systemd-socket-activate && with curl; then
	check "the package installs" installed
	check "it starts behind its socket" started
	check "it stops" stopped
	check "it leaves" removed
fi

ls -l "$dist"
echo "release: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
