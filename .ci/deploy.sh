# Checks docs/deploy with the programs that the files are for. What is not
# installed is reported as not run, which in CI is a failure.
cd "$(dirname "$0")/../docs/deploy" || exit 1
# shellcheck source=.ci/checks.sh
. ./../../.ci/checks.sh
PATH=$PATH:/usr/sbin:/sbin
box=$(mktemp -d) || exit 1
trap 'rm -rf "$box"' EXIT

# A machine on which ghostcm is installed, as far as systemd looks.
machine() {
	root=$box/root
	mkdir -p "$root/usr/bin" "$root/bin" "$root/etc/systemd/system" "$root/usr/lib/systemd"
	cp -r /usr/lib/systemd/system "$root/usr/lib/systemd/" 2>/dev/null || cp -r /lib/systemd/system "$root/usr/lib/systemd/"
	for program in /usr/bin/ghostcm /bin/kill; do
		printf '#!/bin/sh\n' >"$root$program"
		chmod +x "$root$program"
	done
	cp ghostcm-serve.service ghostcm-serve.socket ghostcm-worker.service "$root/etc/systemd/system/"
}

# verified is quiet: any line is a warning. A unit of the system's own may have some.
verified() {
	systemd-analyze verify --man=no --root="$root" "$1" >"$box/said" 2>&1 || return 1
	! grep -q ghostcm "$box/said"
}

if with systemd-analyze; then
	machine
	for unit in ghostcm-serve.service ghostcm-serve.socket ghostcm-worker.service; do
		verified "$unit"
		verdict $? "systemd-analyze verify $unit"
	done
	for unit in ghostcm-serve.service ghostcm-worker.service; do # the threshold is in tenths
		check "systemd-analyze security $unit" systemd-analyze security --no-pager --offline=true --threshold=20 --root="$root" "$unit"
	done
fi

# nginx as nginx.conf says, but with a certificate of its own.
nginx_with() {
	mkdir -p "$box/nginx"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=sync.example.com \
		-keyout "$box/nginx/key.pem" -out "$box/nginx/cert.pem" >/dev/null 2>&1 || return 1
	sed -e "s|/etc/letsencrypt/live/sync.example.com/fullchain.pem|$box/nginx/cert.pem|" \
		-e "s|/etc/letsencrypt/live/sync.example.com/privkey.pem|$box/nginx/key.pem|" nginx.conf >"$box/nginx/ghostcm.conf"
	cat >"$box/nginx/nginx.conf" <<-CONF
		error_log stderr;
		pid $box/nginx/pid;
		events {}
		http { access_log off; include $box/nginx/ghostcm.conf; }
	CONF
	nginx -t -p "$box/nginx" -c "$box/nginx/nginx.conf"
}

if with nginx && with openssl; then check "nginx -t" nginx_with; fi
if with caddy; then check "caddy validate" env HOME="$box" caddy validate --adapter caddyfile --config Caddyfile; fi
if with promtool; then check "promtool check rules" promtool check rules alerts.yml; fi
# Node is PM2's affair: it is not installed for this.
if command -v node >/dev/null 2>&1; then
	check "node ecosystem.config.js" node -e 'process.exit(require("./ecosystem.config.js").apps.length === 2 ? 0 : 1)'
fi

echo "deploy files: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
