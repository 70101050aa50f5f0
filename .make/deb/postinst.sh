#!/bin/sh
# Nothing is started that has no configuration yet; what runs gets the new program.
set -e
if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	if [ "$1" = configure ] && [ -n "${2:-}" ]; then
		systemctl try-restart ghostcm-serve.service ghostcm-worker.service
	fi
fi
