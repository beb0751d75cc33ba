#!/bin/sh
# Installs the servers that the tests of this folder start, on Debian and Ubuntu. Their
# services are not started: the tests have servers of their own, and leave others alone.
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends --no-upgrade redis-server postgresql
