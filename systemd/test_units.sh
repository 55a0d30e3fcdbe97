#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: test_units.sh DIRECTORY-OF-THE-UNITS
#
# systemd itself reads the units: as they are, but for programs and users that are not
# installed here.
set -u
dir=$1
if ! command -v systemd-analyze >/dev/null 2>&1; then
	echo 'skipped: there is no systemd-analyze'
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for unit in "$dir"/*.service "$dir"/*.socket; do
	sed -e 's,^ExecStart=[^ ]*,ExecStart=/bin/true,' -e 's/=swtee$/=root/' \
		-e 's/=teesuppl$/=root/' -e 's/^SocketGroup=.*/SocketGroup=root/' \
		-e '/^SupplementaryGroups=/d' "$unit" >"$work/$(basename "$unit")"
done
for kind in service socket; do
	# An instance has a name.
	cp "$work/swteed@.$kind" "$work/swteed@one.$kind"
done
failed=0
for unit in swteed.service swteed.socket swtee-supplicant.service swteed@one.service \
	swteed@one.socket; do
	# What it says of the units of the system is not our matter.
	if SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$work/$unit" \
		>"$work/out" 2>&1 && ! grep -q "$work\|swtee" "$work/out"; then
		echo "ok: $unit"
	else
		echo "FAILED: $unit"
		cat "$work/out"
		failed=1
	fi
done
exit $failed
