# Runs the tests against a real Ghost, from `make e2e-ghost`:
#   DB=sqlite|mariadb|both   on which database; both, if it is not set
#   JOURNEY="1 3 contract"   only these; 1 to 8 are named in docs/compatibility.md
#   E2E_RESULTS=FILE         where to write how each went, as it ends
# Everything it starts listens on loopback, works in one temporary folder, and is
# ended with it. E2E_KEEP=1 leaves the folder, with Ghost's logs, to look at.
set -u
PATH=$PATH:/usr/sbin # where Debian has mariadbd
cd "$(dirname "$0")/.." || exit 1
db=${DB:-both}
journeys=${JOURNEY:-contract 1 2 3 4 5 6 7 8}
case $db in sqlite | mariadb | both) ;; *)
	echo "DB is sqlite, mariadb or both, and not $db" >&2
	exit 2
	;;
esac

found=$(sh .make/ghost-install.sh) || exit 1
eval "$found"
lab=$(mktemp -d "${TMPDIR:-/tmp}/gcm-e2e.XXXXXX") || exit 1
lab=$(cd "$lab" && pwd -P) || exit 1 # as /proc names it, by which a Ghost is known when it is stopped
helpers=
failures=0
results=${E2E_RESULTS:-$lab/results}
: >"$results"

# clean ends what was started, by process, whatever way this ends.
# shellcheck disable=SC2317 # a trap calls it
clean() {
	trap - EXIT INT TERM HUP
	for site in "$lab"/*/; do
		[ -f "$site/site.conf" ] && sh .make/ghost-site.sh stop "${site%/}"
	done
	for pid in $helpers; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	if [ -n "${E2E_KEEP:-}" ]; then
		echo "kept: $lab" >&2
	else
		rm -rf "$lab"
	fi
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

# free_port prints a port below those that connections get.
free_port() {
	"$GHOST_NODE" -e '
const net = require("node:net");
(function look() {
    const port = 20000 + Math.floor(Math.random() * 12000);
    net.createServer().once("error", look).listen(port, "127.0.0.1", function () { this.close(() => console.log(port)); });
})();'
}

start_mail() {
	mkdir -p "$lab/mails"
	mail_port=$(free_port)
	"$GHOST_NODE" .make/ghost/mail.mjs "$lab/mails" "$mail_port" &
	helpers="$helpers $!"
}

start_stripe() {
	stripe_port=$(free_port)
	"$GHOST_NODE" .make/ghost/stripe.mjs "$stripe_port" 2>"$lab/stripe.log" &
	helpers="$helpers $!"
}

# start_mariadb has no port: Ghost comes by its socket.
start_mariadb() {
	for tool in mariadbd mariadb-install-db mariadb; do
		command -v $tool >/dev/null 2>&1 || { echo "$tool is missing; on Debian: apt-get install mariadb-server" >&2; return 1; }
	done
	mkdir -p "$lab/maria"
	mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$lab/maria/data" --auth-root-authentication-method=normal >"$lab/maria/log" 2>&1 || return 1
	mariadbd --no-defaults --user="$(id -un)" --datadir="$lab/maria/data" --socket="$lab/maria/sock" --pid-file="$lab/maria/pid" \
		--skip-networking --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci >>"$lab/maria/log" 2>&1 &
	helpers="$helpers $!"
	tries=0
	until mariadb --no-defaults -uroot -S "$lab/maria/sock" -e 'select 1' >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { tail "$lab/maria/log" >&2; return 1; }
		sleep 0.2
	done
	mariadb --no-defaults -uroot -S "$lab/maria/sock" -e "create user ghost@localhost identified by 'ghost'; grant all on *.* to ghost@localhost"
}

# start_ghost NAME DATABASE [stripe] starts a Ghost, and makes owner and integration.
start_ghost() {
	site=$lab/$1
	mkdir -p "$site"
	{
		echo "GHOST_APP='$GHOST_APP' GHOST_NODE='$GHOST_NODE' PORT=$(free_port) DATABASE='$2' MAIL_PORT=$mail_port"
		# With Stripe, Ghost in production wants https.
		if [ "${3:-}" = stripe ]; then
			echo "MODE=development STRIPE_PORT=$stripe_port STRIPE_SECRET=whsec_of_the_tests"
		else
			echo MODE=production
		fi
	} >"$site/site.conf"
	echo "== Ghost $1: $2 ${3:-}" >&2
	sh .make/ghost-site.sh start "$site" || return 1
	port=$(sed -n 's/.* PORT=\([0-9]*\) .*/\1/p' "$site/site.conf" | head -n 1)
	"$GHOST_NODE" .make/ghost/admin.mjs setup "http://127.0.0.1:$port" "${3:-}" >"$site/test.env" || return 1
	{
		for command in nightly restart seed; do
			echo "GHOSTCM_TEST_GHOST_$(echo $command | tr '[:lower:]' '[:upper:]')='sh $PWD/.make/ghost-site.sh $command $site'"
		done
		echo "GHOSTCM_TEST_GHOST_MAILS='$lab/mails'"
		[ "${3:-}" != stripe ] || echo "GHOSTCM_TEST_STRIPE_URL=http://127.0.0.1:$stripe_port GHOSTCM_TEST_STRIPE_SECRET=whsec_of_the_tests"
	} >>"$site/test.env"
}

# run JOURNEY runs one of them against the Ghost that the environment names.
run() {
	case $1 in
	contract) go test -tags e2e -count 1 -v -timeout 15m -run '^TestContractOfARealGhost$' ./internal/ghost/ghosttest ;;
	*) go test -tags e2e -count 1 -v -timeout 40m -run "^TestJourney$1" ./internal/program ;;
	esac
}

# tests NAME JOURNEY... runs against a Ghost what was asked for of these, in the order
# in which it was.
tests() {
	name=$1
	site=$lab/$name
	shift
	for journey in $journeys; do
		case " $* " in *" $journey "*) ;; *) continue ;; esac
		began=$(date +%s)
		verdict=ok
		(
			set -a
			# shellcheck disable=SC1091 # written above
			. "$site/test.env"
			set +a
			run "$journey"
		) || { verdict=FAILED; failures=$((failures + 1)); }
		printf '%-7s %-8s %-8s %4d s\n' "$verdict" "$name" "$journey" $(($(date +%s) - began)) >>"$results"
	done
	sh .make/ghost-site.sh stop "$site"
}

# wanted tells whether any of the journeys was asked for.
wanted() {
	for one in "$@"; do
		case " $journeys " in *" $one "*) return 0 ;; esac
	done
	return 1
}

start_mail
if [ "$db" != mariadb ]; then
	start_ghost sqlite sqlite || exit 1
	tests sqlite contract 1 2 3 4 5 6 7 8
fi
if [ "$db" != sqlite ]; then
	start_mariadb || exit 1
	start_ghost mariadb "$lab/maria/sock:ghost" || exit 1
	tests mariadb contract 1 2 3 4 5 6 7 8
	if wanted contract 2 7; then
		start_stripe
		start_ghost stripe "$lab/maria/sock:ghost_stripe" stripe || exit 1
		tests stripe contract 2 7
	fi
fi

printf '\n== e2e-ghost\n'
cat "$results"
[ -s "$results" ] || { echo "no journey is called $journeys" >&2; exit 2; }
[ "$failures" -eq 0 ] && echo "all passed" && exit 0
echo "$failures failed" >&2
exit 1
