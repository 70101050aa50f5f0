# Installs what a purpose needs, or says exactly what to install:
#   deps.sh build   certificates, to fetch modules
#   deps.sh test    and redis-server, a C compiler for the race detector, and Chromium
#                   with axe-core (from npm, into .tools) for the dashboard's tests
#   deps.sh ci      and make, shellcheck, and shells to try completions in
#   deps.sh bench   redis-server, and the seed's stack in Python, for make bench
#   deps.sh ghost   what a real Ghost is installed with, and MariaDB, for make e2e-ghost
#   deps.sh deploy  only what checks the files in docs/deploy, and packages
# It does not fail for what is missing: what cannot run without it says so.

have() { command -v "$1" >/dev/null 2>&1; }

have_redis() { have redis-server || have valkey-server; }

# A compiler without libc's headers and start files is there, but of no use.
have_compiler() {
	echo '#include <stdlib.h>
int main(void) { return 0; }' | "${CC:-cc}" -x c -o /dev/null - 2>/dev/null
}

have_certificates() {
	[ "$(uname)" = Darwin ] && return 0
	for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
		[ -n "$file" ] && [ -s "$file" ] && return 0
	done
	return 1
}

# missing prints the packages that this machine's package manager calls what is missing.
missing() {
	[ "$1" = deploy ] && { deploy_packages; return; }
	have_certificates || echo ca-certificates
	[ "$1" = build ] && return
	have_redis || redis_package
	[ "$1" = bench ] && { bench_packages; return; }
	[ "$1" = ghost ] && { ghost_packages; return; }
	have_compiler || compiler_packages
	have_browser || browser_packages
	[ "$1" = ci ] || return 0
	have make || echo make
	have shellcheck || shellcheck_package
	shells
}

# shells prints what the completions are tried in; see internal/cli/testdata/script/complete_*.
shells() {
	[ "$(uname)" = Darwin ] && return
	have zsh || echo zsh
	have fish || echo fish
	[ -e /usr/share/bash-completion/bash_completion ] || echo bash-completion
}

redis_package() {
	case $manager in
	apt-get) echo redis-server ;;
	dnf) if dnf -q list valkey >/dev/null 2>&1; then echo valkey; else echo redis; fi ;;
	*) echo redis ;;
	esac
}

have_browser() { have chromium || have chromium-browser || have google-chrome; }

# browser_packages knows only where Chromium is a package; fonts show names in every script.
browser_packages() {
	case $manager in
	apt-get) echo chromium fonts-noto-core fonts-noto-color-emoji ;;
	dnf) echo chromium ;;
	esac
}

# axe_version is pinned: a newer one may find more.
axe_version=4.14.1

# fetch_axe gets the checker of accessibility, a test tool, where there is npm.
fetch_axe() {
	[ -s .tools/node_modules/axe-core/axe.min.js ] && return 0
	have npm || { say "No npm: the dashboard's accessibility is not checked."; return 0; }
	mkdir -p .tools
	npm install --prefix .tools --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
		"axe-core@$axe_version" >/dev/null || say "Could not fetch axe-core with npm."
}

compiler_packages() {
	case $manager in
	apt-get) echo gcc libc6-dev ;;
	dnf) echo gcc glibc-devel ;;
	brew) ;; # comes with Xcode's command line tools, see below
	*) echo gcc ;;
	esac
}

shellcheck_package() {
	if [ "$manager" = dnf ]; then echo ShellCheck; else echo shellcheck; fi
}

# bench_packages knows Debian's names only: elsewhere the seed's stack is not measured.
bench_packages() {
	[ "$manager" = apt-get ] || return 0
	/usr/bin/python3 -c 'import fastapi, uvicorn, rq, httpx, redis, uvloop, httptools, hiredis' 2>/dev/null && return
	echo python3-fastapi python3-uvicorn python3-rq python3-httpx python3-redis python3-uvloop python3-httptools python3-hiredis
}

# ghost_packages knows Debian's names only: elsewhere e2e-ghost says what it lacks.
ghost_packages() {
	[ "$manager" = apt-get ] || return 0
	have npm || echo npm
	have make || echo make
	have g++ || echo g++
	have python3 || echo python3
	have mariadbd || have /usr/sbin/mariadbd || echo mariadb-server
}

# deploy_packages knows Debian's names only: these checks run on CI's machines.
deploy_packages() {
	[ "$manager" = apt-get ] || return 0
	have systemd-analyze || echo systemd
	have nginx || echo nginx
	have promtool || echo prometheus
	have caddy || echo caddy
	have openssl || echo openssl
	have dpkg || echo dpkg
	have curl || echo curl
}

install() {
	case $manager in
	# Lists that were never fetched, or are too old, make the first try fail.
	apt-get) apt "$@" || { as_root apt-get update -q && apt "$@"; } ;;
	dnf) as_root dnf install -y -q "$@" ;;
	brew) brew install -q "$@" ;;
	esac
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 install -y -q --no-install-recommends "$@"
}

as_root() {
	case $root in
	direct) "$@" ;;
	quiet) sudo -n "$@" ;;
	asks) sudo "$@" ;;
	esac
}

# how_to_be_root: brew must not be root; sudo may ask only where somebody can answer.
how_to_be_root() {
	if [ "$manager" = brew ]; then
		[ "$(id -u)" -ne 0 ] && echo direct
	elif [ "$(id -u)" -eq 0 ]; then
		echo direct
	elif have sudo && sudo -n true 2>/dev/null; then
		echo quiet
	elif have sudo && [ -t 0 ] && [ -t 2 ]; then
		echo asks
	fi
}

say() { echo "$@" >&2; }

how_to_install() {
	case $manager in
	apt-get) say "  as root: apt-get update && apt-get install -y $*" ;;
	dnf) say "  as root: dnf install -y $*" ;;
	brew) say "  as a user who is not root: brew install $*" ;;
	*) say "  with your system's package manager, or Homebrew on macOS (https://brew.sh): $*" ;;
	esac
}

purpose=${1:-test}
manager=
for candidate in apt-get dnf brew; do
	if have "$candidate"; then
		manager=$candidate
		break
	fi
done

# Debian has them there, which is not on everybody's PATH.
[ "$purpose" = deploy ] && PATH=$PATH:/usr/sbin:/sbin

if [ "$purpose" != build ] && [ "$(uname)" = Darwin ] && ! have_compiler; then
	say "No C compiler: run \`xcode-select --install\` for the race detector."
fi
case $purpose in test | ci) fetch_axe ;; esac
# Names of packages hold no spaces.
# shellcheck disable=SC2046
set -- $(missing "$purpose")
[ $# -eq 0 ] && exit 0
root=$(how_to_be_root)
if [ -z "$manager" ] || [ -z "$root" ]; then
	say "Missing, and cannot be installed from here: $*. Install it"
	how_to_install "$@"
	exit 0
fi
say "Installing $* ($manager)"
if ! install "$@" >&2; then
	say "Could not install $*. Install it"
	how_to_install "$@"
fi
exit 0
