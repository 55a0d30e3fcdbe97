#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Is every defect of earlier QTEE drivers accounted for, and is what the list says
# true of the tests?  qtee_defects.sh LIST TEST-SOURCE...
set -u

list=$1
shift
failed=0

fail()
{
	echo "FAILED: $*"
	failed=$((failed + 1))
}

check()
{
	line=$(grep -E "^$1 +" "$list")
	# shellcheck disable=SC2086
	set -- "$1" $line
	tested=no
	if grep -qE "qtee $1[ ,\"]" $sources; then
		tested=yes
	fi
	case "${3-}:$tested" in
	test:yes | world:no) ;;
	reason:no) [ $# -gt 3 ] || fail "$1: no reason is given" ;;
	test:no) fail "$1: no test has it in its name" ;;
	*) fail "$1: '$line', but a test with that name: $tested" ;;
	esac
}

sources=$*
n=0
for id in $(seq -f 'D-%g' 82) $(seq -f 'KD-%g' 20); do
	check "$id"
	n=$((n + 1))
done
[ "$(grep -cE '^K?D-' "$list")" -eq "$n" ] || fail "the list has another number of lines than $n"

echo "$n defects, $failed failed"
[ "$failed" -eq 0 ]
