# One real Ghost in a folder of its own, on loopback, with everything that would
# leave this machine silenced. The tests call it too, to restart a Ghost in the middle.
#   ghost-site.sh start FOLDER     FOLDER/site.conf says which; see e2e-ghost.sh
#   ghost-site.sh stop FOLDER
#   ghost-site.sh restart FOLDER   stop and start
#   ghost-site.sh nightly FOLDER   runs the job that Ghost runs at night
#   ghost-site.sh seed FOLDER N    puts N members into its database; Ghost is stopped meanwhile
set -u
here=$(cd "$(dirname "$0")" && pwd)
command=$1
folder=$2
# shellcheck disable=SC1091 # written by e2e-ghost.sh
. "$folder/site.conf"

# running prints the process of this Ghost; a number that went to another program is none.
running() {
	pid=$(cat "$folder/ghost.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
	[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$folder" ] && echo "$pid"
}

# prepare makes the folder that ghost-cli would have made.
prepare() {
	for part in data themes logs images files media settings public adapters; do
		mkdir -p "$folder/content/$part"
	done
	for theme in "$GHOST_APP"/content/themes/*; do
		[ -e "$folder/content/themes/${theme##*/}" ] || cp -r "$theme" "$folder/content/themes/"
	done
	ln -sfn "$GHOST_APP" "$folder/current"
	"$GHOST_NODE" "$here/ghost/config.mjs" "$folder" "$PORT" "$DATABASE" "$MAIL_PORT" "${STRIPE_PORT:-}" >"$folder/config.$MODE.json"
}

start() {
	running >/dev/null && return 0
	prepare || return 1
	(
		cd "$folder" || exit 1
		[ -z "${STRIPE_SECRET:-}" ] || export WEBHOOK_SECRET="$STRIPE_SECRET"
		export NODE_ENV="$MODE" NODE_OPTIONS="--require $here/ghost/nightly.cjs"
		exec nohup "$GHOST_NODE" current/index.js </dev/null >>"$folder/ghost.log" 2>&1 &
		echo $! >"$folder/ghost.pid"
	)
	if ! "$GHOST_NODE" "$here/ghost/admin.mjs" wait "http://127.0.0.1:$PORT" >/dev/null 2>"$folder/wait.log"; then
		echo "Ghost did not start:" >&2
		tail -n 30 "$folder/ghost.log" >&2
		return 1
	fi
}

stop() {
	pid=$(running) || return 0
	kill "$pid"
	tries=0
	while kill -0 "$pid" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -ne 150 ] || kill -9 "$pid"
		sleep 0.2
	done
	rm -f "$folder/ghost.pid"
}

nightly() {
	rm -f "$folder/nightly.done"
	pid=$(running) || return 1
	kill -USR2 "$pid"
	tries=0
	until [ -s "$folder/nightly.done" ]; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || return 1
		sleep 0.2
	done
	[ "$(cat "$folder/nightly.done")" = ok ]
}

case $command in
start) start ;;
stop) stop ;;
restart) stop && start ;;
nightly) nightly ;;
seed) stop && (cd "$folder" && "$GHOST_NODE" "$here/ghost/seed.mjs" "$3") && start ;;
*)
	echo "ghost-site.sh: unknown command $command" >&2
	exit 2
	;;
esac
